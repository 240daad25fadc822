/**
 * Coverage gaps: which subscriptions were not read, and how to close each gap.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Gap} Gap
 * @typedef {import("./check.js").Checker} Checker
 */

import { gapCheck } from "./check_buttons.js";
import { at, fill, h, waiting, whenChanged } from "./dom.js";
import { count, day, identifier, moment, name, number, since as elapsed, visible } from "./format.js";
import { codeWord, midway } from "./labels.js";
import { isBeforeFirstScan, isFresh } from "./page_state.js";
import { actorOf, entryOf, explained } from "./reasons.js";
import { fragmentOf } from "./url_state.js";

const AT_FIRST = 5;
const STEP = 250;
const HEADS = ["Subscription", "Reason", "Since", "Missing permission", "What to do"];
let most = AT_FIRST;

/** @param {Gap} gap @param {State} state @param {Checker} checker */
function row(gap, state, checker) {
  const { subscriptionId, name: subscription, reason, since, missingAction, detail } = gap;
  const { now, catalogue } = state;
  const entry = entryOf(catalogue, "gap", reason);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, name(subscription, "Without a name"), h("small", { class: "id" }, visible(subscriptionId))),
    h("td", { "data-label": "Reason" }, codeWord(reason)),
    h("td", { "data-label": "Since" }, since ? h("span", {}, moment(since, day(since)), h("small", {}, elapsed(since, now))) : "–"),
    h("td", { "data-label": "Missing permission" }, missingAction ? identifier(missingAction) : name(null, "none known")),
    h("td", { "data-label": "What to do", class: "wide" }, explained(detail, entry), h("small", {}, actorOf(entry)), gapCheck(state, gap, checker)),
  );
}

/**
 * Return the gaps of the view, grouped by reason.
 *
 * @param {State} state
 */
const chosen = ({ gaps, view }) => gaps.filter(({ reason }) => view.gap === "" || reason === view.gap);

/** @param {State} state */
const shown = ({ view }) => (view.gap === "" ? most : Math.max(most, STEP));

/** @param {State} state @param {Checker} checker */
function table(state, checker) {
  const gaps = chosen(state);
  return h(
    "table",
    { class: "plain gaps", "aria-label": "Coverage gaps" },
    h("thead", {}, h("tr", {}, ...HEADS.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, ...(state.printing ? gaps : gaps.slice(0, shown(state))).map((gap) => row(gap, state, checker))),
  );
}

/** @param {State} state @param {Checker} checker */
function more(state, checker) {
  const left = chosen(state).length - shown(state);
  const omitted = state.gapsComplete ? 0 : (state.status?.gapsOmitted ?? 0);
  const show = () => {
    most = shown(state) + STEP;
    draw(state, checker);
  };
  return [
    left > 0 && !state.printing && h("button", { type: "button", "data-key": "more", click: show }, `Show ${number(Math.min(left, STEP))} more`),
    omitted > 0 && h("p", { class: "note" }, `${count(omitted, "more gap is", "more gaps are")} being loaded.`),
  ];
}

/**
 * Return which gaps are shown, if not all.
 *
 * @param {State} state
 */
function filtered({ gaps, view }) {
  if (view.gap === "") return null;
  const text = `Only gaps with the reason “${midway(codeWord(visible(view.gap)))}” are shown. `;
  const all = fragmentOf({ ...view, gap: "" });
  return h("p", { class: "note" }, text, h("a", { href: all, "data-key": "all-gaps" }, `Show ${count(gaps.length, "gap")}`));
}

/** @param {State} state @param {Checker} checker */
function draw(state, checker) {
  const { status, gaps } = state;
  const body = at("gaps-body");
  const focused = body.contains(document.activeElement);
  at("gaps").hidden = isBeforeFirstScan(state) && gaps.length === 0;
  if (!status) fill(body, waiting());
  else if (gaps.length > 0) fill(body, filtered(state), table(state, checker), ...more(state, checker));
  else fill(body, h("p", { class: "empty" }, noGap(status, isFresh(state))));
  // The row with the focus may be gone, because its gap is closed.
  if (focused && !body.contains(document.activeElement)) at("gaps").focus({ preventScroll: true });
}

/** @param {import("./types.js").Status} status @param {boolean} fresh */
function noGap({ lastScan, managementGroup, subscriptions }, fresh) {
  if (lastScan?.state === "failed") return "The last scan failed, so the coverage gaps are unknown.";
  if (subscriptions.gap > 0) return `${count(subscriptions.gap, "subscription")} could not be read.`;
  const all = managementGroup === null ? "Every subscription that the app can see" : "Every subscription";
  const except = subscriptions.excluded > 0 ? ", except the excluded ones" : "";
  return fresh
    ? `${all} was read${except}.`
    : `${all} was read by the last finished scan${except}, but its result is out of date.`;
}

/**
 * Return the function that draws the gaps.
 *
 * @param {Checker} checker
 * @returns {(state: State) => void}
 */
export const gapsDrawer = (checker) =>
  whenChanged(
    (state) => [state.status, isFresh(state), state.catalogue, state.view.gap && state.view, state.gaps, state.gapsComplete, state.printing, state.mayStart, state.check, Math.floor(state.now / 3_600_000)],
    (state) => draw(state, checker),
  );
