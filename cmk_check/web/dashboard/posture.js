/**
 * The banner: the posture and its date, what is wrong as numbers with links, and other reasons to doubt
 * the posture.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Status} Status
 */

import { AUTH } from "./api.js";
import { fieldOf } from "./aspect_states.js";
import { ASPECTS } from "./aspects.js";
import { at, fill, h, icon, waiting, whenChanged } from "./dom.js";
import { ago, clock, count, day, inOrder, minute, moment, number, since, visible } from "./format.js";
import { isFresh, isGood, shownPosture } from "./page_state.js";
import { verdictWord } from "./labels.js";
import { fragmentOf } from "./url_state.js";

/** When the schedule starts a scan next, as of the page's loading; "" if unknown. */
const NEXT_SCAN = document.querySelector('meta[name="cmk-next-scan"]')?.getAttribute("content") ?? "";

/**
 * @typedef {{ code: string, value: number, href: string, words: string, of?: string }} Part A number, and
 *   the posture reason that it replaces; `of` is the total, if it does not count accounts.
 */

/**
 * Count what is wrong; zero counts are left out.
 *
 * @param {Status} status
 * @returns {Part[]}
 */
function listProblems(status) {
  const { subscriptions, accounts: { nonCompliant, unknown, excepted = 0, overdue = 0 } } = status;
  const accepted = isGood(status.posture);
  const worst = ASPECTS.flatMap((aspect) => {
    const { name, judged, covers = [], lead: said } = aspect;
    const [state] = Object.keys(judged?.states ?? {});
    const value = judged?.countsOf(status)?.[fieldOf(state)] ?? 0;
    return said ? [{ code: covers[0], value, href: fragmentOf({ [name]: state }), words: said(value) }] : [];
  });
  return [
    { code: "accounts_non_compliant", value: accepted ? 0 : nonCompliant, href: fragmentOf({ verdict: "non_compliant" }), words: `${nonCompliant === 1 ? "is" : "are"} not encrypted with a customer-managed key` },
    { code: "", value: overdue, href: fragmentOf({ due: "overdue" }), words: `${overdue === 1 ? "is" : "are"} past the due date` },
    { code: "accounts_excepted", value: excepted, href: fragmentOf({ exception: "honoured" }), words: `${accepted ? "" : "of these "}${excepted === 1 ? "has" : "have"} an exception` },
    { code: "accounts_unknown", value: unknown, href: fragmentOf({ verdict: "unknown" }), words: "could not be judged" },
    ...worst,
    { code: "subscriptions_unread", value: subscriptions.gap, href: "#gaps", words: "could not be read", of: count(subscriptions.total, "subscription") },
  ].filter(({ value }) => value > 0);
}

/**
 * Say when the first scan starts, and how to start it now.
 *
 * @param {State} state
 */
function firstScan({ scans, mayStart, now }) {
  const running = scans?.find(({ finishedAt }) => finishedAt === null);
  if (running) return `The first one started ${ago(running.startedAt, now)}.`;
  // Under Entra ID, the sign-in alone decides who may start scans.
  const how = AUTH === "keys" && mayStart === false ? " To start it now, sign in with a start key too." : "";
  const planned = NEXT_SCAN !== "" && Date.parse(NEXT_SCAN) > now;
  return planned ? h("span", {}, "The first one starts at ", moment(NEXT_SCAN, clock(NEXT_SCAN)), ` (${ago(NEXT_SCAN, now)}).${how}`) : `The schedule starts the first one.${how}`;
}

/**
 * Return what the posture means, as a sentence.
 *
 * @param {State} state
 * @param {Part[]} parts
 * @returns {import("./dom.js").Child[]}
 */
function lead(state, parts) {
  const { accounts, asOf, posture, subscriptions } = /** @type {Status} */ (state.status);
  const all = count(accounts.total, "account");
  if (asOf === null) return ["No scan has finished yet. ", firstScan(state)];
  if (isGood(posture) && !isFresh(state)) return ["The last result is out of date."];
  if (shownPosture(state) === "nothing") return [`${number(subscriptions.read)} of ${count(subscriptions.total, "subscription")} ${subscriptions.total === 1 ? "was" : "were"} read, without an account of a kind in scope.`];
  const under = isGood(posture) && [h("a", { href: fragmentOf({ verdict: "compliant" }) }, `${number(accounts.compliant)} of ${all}`), `${accounts.total === 1 ? " is" : " are"} encrypted with a customer-managed key`];
  const wrong = parts.map(({ value, href, words, of }, place) => {
    const whole = of ?? (place === 0 && !under ? all : null);
    const shown = `${number(value)}${whole ? ` of ${whole}` : ""}`;
    return [h("a", { href, "aria-label": `${shown} ${words}` }, shown), ` ${words}`];
  });
  const said = under ? [under, ...wrong] : wrong;
  return said.length > 0 ? said.flatMap((part, place) => (place > 0 ? [" · ", ...part] : part)) : ["The result is unknown:"];
}

/**
 * Return further reasons to doubt the posture, and what else people must know.
 *
 * @param {State} state
 * @param {Part[]} parts
 */
function listDoubts(state, parts) {
  const { reasons, posture, lastScan, asOf } = /** @type {Status} */ (state.status);
  // The lead says these.
  const said = [asOf === null && "no_scan_yet", shownPosture(state) === "nothing" && "no_accounts_in_scope"];
  const texts = reasons.filter(({ code }) => !said.includes(code) && !parts.some((part) => part.code === code)).map(({ message }) => message);
  if (isGood(posture) && !isFresh(state)) texts.unshift("The result is out of date, and no scan has finished since.");
  const isSaid = reasons.some(({ message }) => message === lastScan?.reason);
  if (lastScan?.state === "failed") texts.push(isSaid ? "The last scan failed for this reason." : `The last scan failed: ${lastScan.reason ?? ""}`);
  return texts;
}

/** @param {State} state */
function dates(state) {
  const { asOf, freshUntil } = /** @type {Status} */ (state.status);
  if (asOf === null || freshUntil === null) return null;
  const until = isFresh(state) ? ["; valid until ", moment(freshUntil, clock(freshUntil))] : ["; ", h("strong", { class: "bad" }, "out of date since ", moment(freshUntil, minute(freshUntil)))];
  return h("p", { class: "as-of" }, "As of ", h("strong", {}, minute(asOf)), h("span", { class: "relative" }, ", ", moment(asOf, ago(asOf, state.now))), ...until);
}

/**
 * Show how much was read, and how old the oldest open violation is.
 *
 * @param {State} state
 */
function facts({ status, rows, complete, owners, now }) {
  const { subscriptions, managementGroup } = /** @type {Status} */ (status);
  const { total, read, gap, excluded, retired } = subscriptions;
  const rest = [gap > 0 && `${number(gap)} not read`, excluded > 0 && `${number(excluded)} excluded`, retired > 0 && `${number(retired)} deleted`].filter(Boolean);
  if (total === 0) return null;
  // Without a management group nobody knows how many others there are.
  const alone = total === 1 && read === 1 && managementGroup === null;
  const coverage = alone ? "1 subscription is read; others are not" : `${number(read)} of ${count(total, "subscription")} read${rest.length > 0 ? ` (${rest.join(", ")})` : ""}`;
  return h("p", { class: "facts" }, coverage, ...oldestViolation(complete ? rows : [], owners, now));
}

/**
 * Show since when the oldest violation is open. In a large estate the owners' sums have it, without the account.
 *
 * @param {import("./types.js").Row[]} rows
 * @param {State["owners"]} owners
 * @param {number} now
 */
function oldestViolation(rows, owners, now) {
  const sums = (owners ?? []).flatMap(({ oldestViolation: time }) => (time ? [{ since: time, atFirst: false, created: null }] : []));
  const open = rows.filter(({ finding }) => finding.violatedSince !== null).map(({ finding, ...row }) => ({ ...row, created: finding.evidence.createdAt }));
  const [oldest] = [...open, ...sums].sort((a, b) => inOrder(`${a.since} ${a.created}`, `${b.since} ${b.created}`));
  if (!oldest) return [];
  const { since: time, atFirst, created } = oldest;
  // The first scan cannot know when the violation began; the account's creation is a bound.
  const bound = atFirst && created ? [", violated since its creation on ", moment(created, day(created)), " or later"] : [];
  return [" · Oldest open violation: ", atFirst ? "first seen " : "since ", moment(time, day(time)), h("span", { class: "relative" }, " (", since(time, now), ")"), ...bound];
}

/** @param {State} state @returns {import("./dom.js").Child[]} */
function body(state) {
  if (!state.status) return [h("h1", { tabindex: -1, "data-key": "posture" }, "Loading the status…"), waiting()];
  const posture = shownPosture(state);
  const parts = listProblems(state.status);
  const reasons = listDoubts(state, parts).map((text) => h("li", {}, visible(text)));
  return [
    h("h1", { tabindex: -1, "data-key": "posture" }, icon(posture === "compliant_with_exceptions" ? "excepted" : posture, "light"), verdictWord(posture)),
    dates(state),
    h("p", { class: "lead" }, ...lead(state, parts)),
    reasons.length > 0 && h("ul", { class: "reasons" }, ...reasons),
    facts(state),
    // A printout must be complete without the page.
    state.printing && h("p", { class: "note address" }, `${location.href}, printed on ${minute(state.now)}`),
  ];
}

export const drawPosture = whenChanged(
  /** @param {State} state */
  (state) => [state.status, state.rows, state.complete, state.owners, state.scans, state.mayStart, Math.floor(state.now / 60_000), isFresh(state), state.printing && location.href],
  (state) => fill(at("posture-body"), ...body(state)),
);
