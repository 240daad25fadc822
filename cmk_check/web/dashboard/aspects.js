/**
 * The catalogue of aspects. Everything that shows or filters accounts loops over it.
 *
 * @typedef {import("./types.js").Aspect} Aspect
 * @typedef {import("./types.js").State} State
 */

import { LOOKS, stateOf } from "./aspect_states.js";
import { DUE } from "./due_dates.js";
import { EXCEPTION } from "./exceptions.js";
import { KEY_HEALTH } from "./key_health.js";
import { OWNER } from "./owner.js";

/** @type {readonly import("./types.js").Verdict[]} */
const WORST_FIRST = ["non_compliant", "unknown", "compliant"];
/** @type {readonly Aspect[]} In the order of the page and of links. */
export const ASPECTS = [KEY_HEALTH, EXCEPTION, DUE, OWNER];

/**
 * Return whether the page mentions an aspect. An aspect that is switched off has no counts.
 *
 * @param {Aspect} aspect
 * @param {State} state
 */
export const isOn = ({ judged, isOn: own }, state) =>
  judged ? state.status !== null && Boolean(judged.countsOf(state.status)) : (own?.(state) ?? true);

/**
 * Return the colour of an account: its verdict's, or that of a worse state beside it.
 *
 * @param {import("./types.js").Finding} finding
 * @returns {import("./types.js").Verdict}
 */
export function toneOf(finding) {
  const beside = ASPECTS.flatMap(({ judged }) => {
    const side = judged?.applies(finding) ? judged.sideOf(finding) : null;
    return judged && side ? [LOOKS[stateOf(judged.states, side.state).look].tone] : [];
  });
  const tones = [finding.verdict, ...beside];
  return WORST_FIRST.find((tone) => tones.includes(tone)) ?? "unknown";
}

/**
 * Return whether an aspect was read, but not for this account. Last `isOn`, which may look at all accounts.
 *
 * @param {Aspect} aspect
 * @param {import("./types.js").Finding} finding
 * @param {State} state
 */
export const isUnread = (aspect, finding, state) =>
  aspect.judged?.applies(finding) === true && !aspect.judged.sideOf(finding) && isOn(aspect, state);
