/**
 * The counts of accounts by verdict, by the state of each aspect, and by kind, in one row.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Verdict} Verdict
 */

import { ASPECTS } from "./aspects.js";
import { LOOKS, fieldOf } from "./aspect_states.js";
import { at, fill, h, icon, waiting, whenChanged } from "./dom.js";
import { count, number, visible } from "./format.js";
import { fragmentOf } from "./url_state.js";
import { verdictWord } from "./labels.js";

/** @type {[Verdict, "nonCompliant" | "unknown" | "compliant"][]} */
const ORDER = [
  ["non_compliant", "nonCompliant"],
  ["unknown", "unknown"],
  ["compliant", "compliant"],
];

/**
 * Show counts that belong together, each with a link to the accounts that it counts; zeros take no space.
 *
 * @param {string} name
 * @param {string} title
 * @param {[import("./types.js").Look | null, string, number, Partial<import("./types.js").View>][]} counts
 */
function group(name, title, counts) {
  const links = counts.filter(([, , value]) => value > 0).map(([look, word, value, view]) =>
    h("a", { class: `chip ${look?.tone ?? ""}`, href: fragmentOf(view) }, look && icon(look.shape), `${word} `, h("b", {}, number(value))),
  );
  return links.length > 0 && h("div", { class: "chips", role: "group", "aria-labelledby": `${name}-title` }, h("h3", { id: `${name}-title` }, title), ...links);
}

/**
 * Count the accounts by the state of an aspect.
 *
 * @param {import("./types.js").Aspect} aspect
 * @param {import("./types.js").Status} status
 */
function ofStates({ name, judged }, status) {
  const counts = judged?.countsOf(status);
  if (!judged || !counts) return null;
  return group(name, judged.countsTitle, Object.entries(judged.states).map(([state, { look, word }]) => [LOOKS[look], word, counts[fieldOf(state)], { [name]: state }]));
}

/** @param {Partial<import("./types.js").View>} view @param {string} text */
const link = (view, text) => h("a", { href: fragmentOf(view) }, text);

/** @param {import("./types.js").Status} status */
function notes(status) {
  const { accounts } = status;
  const ignored = Object.entries(accounts.ignoredByKind);
  const others = ignored.reduce((sum, [, value]) => sum + value, 0);
  const named = ignored.map(([kind, value]) => `${visible(kind)} ${number(value)}`).join(", ");
  return [
    ...ASPECTS.map(({ note }) => note?.(status, link)),
    accounts.unread > 0 &&
      h("p", { class: "note bad" }, `The last scan did not read ${count(accounts.unread, "account")}; the last known verdict counts.`),
    others > 0 &&
      h("p", { class: "note", title: named }, `${count(others, "account")} of other kinds ${others === 1 ? "is" : "are"} not judged: ${named}.`),
  ];
}

/** @param {State} state @returns {import("./dom.js").Child[]} */
function body({ status }) {
  if (!status) return [waiting()];
  const { accounts } = status;
  // The banner says that there is none.
  if (accounts.total === 0) return notes(status);
  return [
    h("div", { class: "numbers" },
      group("verdict", count(accounts.total, "account"), ORDER.map(([verdict, field]) => [{ tone: verdict, shape: verdict }, verdictWord(verdict), accounts[field], { verdict }])),
      ...ASPECTS.map((aspect) => ofStates(aspect, status)),
      group("kind", "Kinds", Object.entries(accounts.byKind).map(([kind, counts]) => [null, visible(kind), counts.nonCompliant + counts.unknown + counts.compliant, { kind }])),
    ),
    ...notes(status),
  ];
}

export const drawAccounts = whenChanged(
  /** @param {State} state */
  (state) => [state.status],
  (state) => {
    const parts = body(state);
    at("accounts").hidden = !parts.some(Boolean);
    fill(at("accounts-body"), ...parts);
  },
);
