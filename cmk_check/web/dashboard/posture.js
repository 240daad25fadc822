/**
 * The banner: the posture, its reasons, and how current and complete the data is.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Status} Status
 */

import { ASPECTS } from "./aspects.js";
import { at, fill, h, icon, item, waiting, whenChanged } from "./dom.js";
import { ago, clock, day, minute, moment, number, since, visible } from "./format.js";
import { isFresh, isGood, shownPosture } from "./page_state.js";
import { verdictWord } from "./labels.js";
import { entryOf } from "./reasons.js";

/**
 * Say in a sentence what the posture means.
 *
 * @param {State} state
 */
function lead(state) {
  const status = /** @type {Status} */ (state.status);
  const { posture, accounts, reasons } = status;
  const shown = shownPosture(state);
  const beside = ASPECTS.map((aspect) => aspect.lead?.(status) ?? "").join("");
  if (shown === "compliant") {
    return accounts.total === 0
      ? "Everything was read, and there is no account of a kind in scope."
      : `All ${number(accounts.total)} accounts are under a customer-managed key${beside}.`;
  }
  if (shown === "compliant_with_exceptions") {
    const others = `${number(accounts.compliant)} of ${number(accounts.total)} accounts are under a customer-managed key`;
    return `${others}${beside}. For the others the violation is accepted for a time.`;
  }
  if (shown === "non_compliant") return visible(worst(state)?.message ?? "");
  if (isGood(posture)) return "The last result is out of date.";
  return reasons.some(({ code }) => code === "no_scan_yet")
    ? "No scan has finished yet."
    : "The result is unknown for these reasons:";
}

/**
 * Return the reason that makes the posture non-compliant.
 *
 * @param {State} state
 */
function worst({ status, catalogue }) {
  const { reasons } = /** @type {Status} */ (status);
  return reasons.find(({ code }) => entryOf(catalogue, "posture", code)?.severity === "error") ?? reasons[0];
}

/** @param {State} state */
function reasonsOf(state) {
  const { reasons, posture } = /** @type {Status} */ (state.status);
  const said = shownPosture(state) === "non_compliant" ? worst(state) : null;
  const texts = reasons.filter((reason) => reason !== said).map(({ message }) => message);
  if (isGood(posture) && !isFresh(state)) {
    texts.unshift("The result is out of date, and no scan has finished since.");
  }
  return texts;
}

/** @param {State} state */
function ageFact({ status, now }) {
  const { asOf, lastScan } = /** @type {Status} */ (status);
  if (asOf === null) return item("Last finished scan", "none yet");
  const failed = lastScan?.state === "failed" ? lastScan : null;
  return item(
    "Last finished scan",
    h("strong", {}, moment(asOf, ago(asOf, now))),
    h("small", {}, minute(asOf)),
    failed && h("small", { class: "bad" }, `A later scan failed: ${visible(failed.reason ?? "")}`),
  );
}

/** @param {State} state */
function freshFact(state) {
  const { freshUntil } = /** @type {Status} */ (state.status);
  if (freshUntil === null) return null;
  const text = `${clock(freshUntil)}, ${ago(freshUntil, state.now)}`;
  return isFresh(state)
    ? item("Valid until", moment(freshUntil, text))
    : item("Out of date since", h("strong", { class: "bad" }, moment(freshUntil, text)));
}

/** @param {State} state */
function coverageFact({ status }) {
  const { total, read, gap, excluded, retired } = /** @type {Status} */ (status).subscriptions;
  const rest = [
    gap > 0 && `${number(gap)} not read`,
    excluded > 0 && `${number(excluded)} excluded`,
    retired > 0 && `${number(retired)} deleted`,
  ].filter(Boolean);
  return item(
    "Coverage",
    h("strong", {}, `${number(read)} of ${number(total)} subscriptions read`),
    rest.length > 0 && h("small", { class: gap > 0 ? "bad" : "" }, rest.join(", ")),
  );
}

/**
 * Show how old the oldest open violation is.
 *
 * @param {State} state
 */
function oldestFact({ rows, complete, now }) {
  const open = rows.filter(({ finding }) => finding.violatedSince !== null);
  if (!complete || open.length === 0) return null;
  const oldest = open.reduce((a, b) => (a.since <= b.since ? a : b));
  const words = oldest.atFirst ? "first seen" : "since";
  return item("Oldest open violation", h("strong", {}, moment(oldest.since, since(oldest.since, now))), h("small", {}, `${words} ${day(oldest.since)}`));
}

/**
 * @param {State} state
 * @returns {import("./dom.js").Child[]}
 */
function body(state) {
  if (!state.status) return [h("h1", {}, "Loading the status…"), waiting()];
  const posture = shownPosture(state);
  const reasons = reasonsOf(state).map((text) => h("li", {}, visible(text)));
  return [
    icon(posture === "compliant_with_exceptions" ? "excepted" : posture, "light"),
    h(
      "div",
      { class: "verdict" },
      h("h1", {}, verdictWord(posture)),
      h("p", { class: "lead" }, lead(state)),
      reasons.length > 0 && h("ul", { class: "reasons" }, ...reasons),
    ),
    h("dl", { class: "facts" }, oldestFact(state), ageFact(state), freshFact(state), coverageFact(state)),
  ];
}

export const drawPosture = whenChanged(
  /** @param {State} state */
  (state) => [state.status, state.catalogue, state.rows, state.complete, Math.floor(state.now / 60_000), isFresh(state)],
  (state) => fill(at("posture"), ...body(state)),
);
