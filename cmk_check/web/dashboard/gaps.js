/**
 * Coverage gaps: which subscriptions were not read, and how to close each gap.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Gap} Gap
 */

import { at, fill, h, waiting, whenChanged } from "./dom.js";
import { count, day, identifier, moment, name, number, since as elapsed, visible } from "./format.js";
import { codeWord, midway } from "./labels.js";
import { actorOf, entryOf, explained } from "./reasons.js";
import { fragmentOf } from "./url_state.js";

const AT_FIRST = 5;
const STEP = 250;
const HEADS = ["Subscription", "Reason", "Since", "Missing permission", "What to do"];
let most = AT_FIRST;

/**
 * @param {Gap} gap
 * @param {State} state
 */
function row({ subscriptionId, name: subscription, reason, since, missingAction, detail }, { now, catalogue }) {
  const entry = entryOf(catalogue, "gap", reason);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, name(subscription, "Without a name"), h("small", { class: "id" }, visible(subscriptionId))),
    h("td", { "data-label": "Reason" }, codeWord(reason)),
    h("td", { "data-label": "Since" }, since ? h("span", {}, moment(since, day(since)), h("small", {}, elapsed(since, now))) : "–"),
    h("td", { "data-label": "Missing permission" }, missingAction ? identifier(missingAction) : name(null, "none known")),
    h("td", { "data-label": "What to do", class: "wide" }, explained(detail, entry), h("small", {}, actorOf(entry))),
  );
}

/**
 * Return the gaps of the view; those of one reason are shown together.
 *
 * @param {State} state
 */
const chosen = ({ gaps, view }) => gaps.filter(({ reason }) => view.gap === "" || reason === view.gap);

/** @param {State} state */
const shown = ({ view }) => (view.gap === "" ? most : Math.max(most, STEP));

/** @param {State} state */
function table(state) {
  const gaps = chosen(state);
  return h(
    "table",
    { class: "plain gaps", "aria-label": "Coverage gaps" },
    h("thead", {}, h("tr", {}, ...HEADS.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, ...(state.printing ? gaps : gaps.slice(0, shown(state))).map((gap) => row(gap, state))),
  );
}

/** @param {State} state */
function more(state) {
  const left = chosen(state).length - shown(state);
  const omitted = state.gapsComplete ? 0 : (state.status?.gapsOmitted ?? 0);
  const show = () => {
    most = shown(state) + STEP;
    draw(state);
  };
  return [
    left > 0 && !state.printing && h("button", { type: "button", "data-key": "more", click: show }, `Show ${number(Math.min(left, STEP))} more`),
    omitted > 0 && h("p", { class: "note" }, `${count(omitted, "more gap is", "more gaps are")} being loaded.`),
  ];
}

/**
 * Say which gaps are shown, if not all of them.
 *
 * @param {State} state
 */
function filtered({ gaps, view }) {
  if (view.gap === "") return null;
  const text = `Only gaps with the reason “${midway(codeWord(visible(view.gap)))}” are shown. `;
  const all = fragmentOf({ ...view, gap: "" });
  return h("p", { class: "note" }, text, h("a", { href: all, "data-key": "all-gaps" }, `Show ${count(gaps.length, "gap")}`));
}

/** @param {State} state */
function draw(state) {
  const { status, gaps } = state;
  if (!status) {
    fill(at("gaps-body"), waiting());
  } else if (gaps.length > 0) {
    fill(at("gaps-body"), filtered(state), table(state), ...more(state));
  } else {
    fill(at("gaps-body"), h("p", { class: "empty" }, noGap(status)));
  }
}

/** @param {import("./types.js").Status} status */
function noGap({ asOf, lastScan, subscriptions }) {
  if (lastScan?.state === "failed") return "The last scan failed, so its coverage gaps are not known.";
  if (asOf === null) return "No subscription has been read yet.";
  return subscriptions.excluded > 0
    ? "Every subscription was read, except the excluded ones."
    : "Every subscription was read.";
}

/** @type {(state: State) => void} */
export const drawGaps = whenChanged(
  (state) => [state.status, state.catalogue, state.view.gap && state.view, state.gaps, state.gapsComplete, state.printing, Math.floor(state.now / 3_600_000)],
  draw,
);
