/**
 * The catalogue of aspects. Everything that shows or filters accounts loops over it.
 *
 * @typedef {import("./types.js").Aspect} Aspect
 * @typedef {import("./types.js").State} State
 */

import { DUE } from "./due_dates.js";
import { EXCEPTION } from "./exceptions.js";
import { KEY_HEALTH } from "./key_health.js";
import { OWNER } from "./owner.js";

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
 * Return whether an aspect has not been read for an account, although it has for others.
 *
 * @param {Aspect} aspect
 * @param {import("./types.js").Finding} finding
 * @param {State} state
 */
export const isUnread = (aspect, finding, state) =>
  isOn(aspect, state) && aspect.judged?.applies(finding) === true && !aspect.judged.sideOf(finding);
