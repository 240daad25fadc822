/**
 * The states of aspects: their words, their looks, and the sentences for their changes.
 *
 * @typedef {import("./types.js").AspectStates} AspectStates
 */

import { h, icon } from "./dom.js";
import { textOf } from "./format.js";
import { codeWord, midway } from "./labels.js";

/** @type {Record<import("./types.js").LookName, import("./types.js").Look>} */
export const LOOKS = {
  good: { tone: "compliant", shape: "compliant" },
  risk: { tone: "unknown", shape: "warning" },
  bad: { tone: "non_compliant", shape: "non_compliant" },
  unknown: { tone: "unknown", shape: "unknown" },
};

/**
 * Describe a state; one that the page does not know is shown in words, and looks like unknown.
 *
 * @param {AspectStates} states
 * @param {string} state
 * @returns {import("./types.js").AspectState}
 */
export const stateOf = (states, state) => (Object.hasOwn(states, state) ? states[state] : { word: codeWord(state), look: "unknown" });

/**
 * Return the name of the field that counts a state: "at_risk" is "atRisk".
 *
 * @param {string} state
 */
export const fieldOf = (state) => state.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

/**
 * @param {import("./types.js").LookName} look
 * @param {string} word
 */
export const badge = (look, word) => h("span", { class: `badge ${LOOKS[look].tone}` }, icon(LOOKS[look].shape), word);

/**
 * Name the reasons that are only in the first list.
 *
 * @param {string} lead
 * @param {unknown[]} [some]
 * @param {unknown[]} [others]
 */
export function onlyHere(lead, some = [], others = []) {
  const words = some.filter((code) => !others.includes(code)).map((code) => midway(codeWord(textOf(code))));
  return words.length > 0 ? `${lead}${words.join(", ")}` : "";
}

/**
 * Return the function that describes a change of a state, given the reasons in words.
 *
 * @param {string} name The aspect's name.
 * @param {AspectStates} states
 * @param {string} lead The text before the name of the account.
 * @param {string} verb
 * @returns {(data: import("./types.js").Change["data"], reasons: string) => import("./types.js").Sentence}
 */
export const stateChange = (name, states, lead, verb) => (data, reasons) => {
  const [old, now] = [textOf(data.before?.[name]), textOf(data.after?.[name])];
  const { word, look } = stateOf(states, now);
  const still = old === now ? "still " : "";
  const was = old !== "" && old !== now ? ` (was ${midway(stateOf(states, old).word)})` : "";
  return { tone: LOOKS[look].tone, lead, words: [`${verb}${still}${midway(word)}${was}${reasons}`] };
};
