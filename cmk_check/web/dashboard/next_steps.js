/**
 * What to do next: the few steps that change the result, the most urgent first.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Row} Row
 * @typedef {import("./types.js").Advice} Advice
 * @typedef {(state: State) => Advice[]} Advise
 */

import { ASPECTS, isUnread } from "./aspects.js";
import { at, fill, h, icon, waiting, whenChanged } from "./dom.js";
import { accountsOf, count, day, number, visible, within } from "./format.js";
import { isFresh, isGood, shownPosture } from "./page_state.js";
import { fragmentOf } from "./url_state.js";
import { codeWord, midway } from "./labels.js";
import { actorOf, entryOf, whyOf } from "./reasons.js";

const MOST_OWNERS = 4;
/** Reasons of a posture that the advice on accounts and gaps already covers. */
const COVERED = ["accounts_non_compliant", "accounts_unknown", "subscriptions_unread"];

/** @type {Advise} */
function aboutTheScanner(state) {
  const { catalogue, status } = state;
  const advice = (status?.reasons ?? [])
    .filter(({ code }) => ![...COVERED, ...ASPECTS.flatMap(({ covers = [] }) => covers)].includes(code) && entryOf(catalogue, "posture", code)?.severity !== "info")
    .map(({ code, message }) => posture(catalogue, code, message));
  if (advice.length === 0 && status?.asOf && !isFresh(state)) {
    advice.push(posture(catalogue, "stale", "This result is out of date, and no scan has finished since."));
  }
  return advice;
}

/**
 * @param {import("./types.js").Catalogue | null} catalogue
 * @param {string} code
 * @param {string} message
 */
function posture(catalogue, code, message) {
  const entry = entryOf(catalogue, "posture", code);
  const wayOut = entry?.wayOut ?? codeWord(code);
  const what = visible(message.replace(` ${wayOut}`, ""));
  return adviceOf(visible(wayOut), `${what} ${actorOf(entry)}`.trim(), null, entry?.severity === "error" ? "non_compliant" : "unknown");
}

/**
 * @param {string} text
 * @param {string} why
 * @param {Advice["view"]} view
 * @param {Advice["tone"]} tone
 * @returns {Advice}
 */
const adviceOf = (text, why, view, tone) => ({ text, why, view, tone });

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @returns {[string, T[]][]} The largest group first.
 */
const grouped = (items, keyOf) => [...Map.groupBy(items, keyOf)].sort(([, a], [, b]) => b.length - a.length);

/**
 * @param {readonly Row[]} rows
 * @returns {Advice[]}
 */
function aboutOwners(rows) {
  const violated = rows.filter(({ finding }) => finding.verdict === "non_compliant");
  const bad = violated.filter(({ finding }) => !finding.exception?.honoured);
  const accepted = bad.length < violated.length ? "no" : "";
  const groups = grouped(bad, ({ owner }) => owner);
  const owned = groups.filter(([owner]) => owner !== "");
  // One owner more takes no more space than saying so.
  const named = owned.length <= MOST_OWNERS + 1 ? owned : owned.slice(0, MOST_OWNERS);
  /** @type {(text: string, why: string, view: Partial<import("./types.js").View>) => Advice} */
  const about = (text, why, view) => adviceOf(text, why, { verdict: "non_compliant", accepted, ...view }, "non_compliant");
  const advice = named.map(([owner, group]) =>
    about(`Ask ${within(owner)} to set a customer-managed key on ${count(group.length, "account")}`, oldest(group), { owner }),
  );
  const ownerless = groups.find(([owner]) => owner === "")?.[1] ?? [];
  if (ownerless.length > 0) {
    const text = `Find the owner of ${count(ownerless.length, "non-compliant account")} without an owner tag`;
    advice.push(about(text, oldest(ownerless), { owner: "" }));
  }
  const rest = owned.slice(named.length);
  if (rest.length > 0) {
    const sum = rest.reduce((total, [, group]) => total + group.length, 0);
    const text = `Ask ${count(rest.length, "more owner")} to set a customer-managed key on ${count(sum, "account")}`;
    const notOwner = ["", ...named.map(([owner]) => owner)];
    advice.push(about(text, "The list is sorted by owner.", { notOwner, sort: "owner" }));
  }
  return advice;
}

/**
 * Say since when an account is open, and which one it is; or since when the oldest of several is.
 *
 * @param {Row[]} group
 */
function oldest(group) {
  const one = group.length === 1;
  const [first] = group.filter(({ since }) => since !== "").sort((a, b) => (a.since < b.since ? -1 : 1));
  const names = one ? ` ${within(group[0].finding.name)}.` : "";
  if (!first) return names.trim();
  const words = first.atFirst ? ["First seen", "The oldest was first seen on"] : ["Since", "The oldest has been open since"];
  return `${words[one ? 0 : 1]} ${day(first.since)}.${names}`;
}

/** @type {Advise} */
function aboutGaps({ catalogue, gaps, gapsComplete, status }) {
  const groups = grouped(gaps, ({ reason }) => reason);
  const advice = groups.map(([reason, group]) => {
    const one = group.length === 1 ? `the subscription ${within(group[0].name ?? group[0].subscriptionId)}` : count(group.length, "subscription");
    const details = group.map(({ detail }) => detail);
    return adviceOf(`Close the gap of ${one}: ${midway(codeWord(reason))}`, whyOf(details, entryOf(catalogue, "gap", reason)), { gap: reason }, "unknown");
  });
  const omitted = gapsComplete ? 0 : (status?.gapsOmitted ?? 0);
  if (omitted > 0) advice.push(adviceOf(`Look at ${number(omitted)} more gaps`, "They are being loaded.", null, "unknown"));
  return advice;
}

/** @type {Advise} */
function aboutUnknowns({ catalogue, rows }) {
  const unknown = rows.filter(({ finding }) => finding.verdict === "unknown");
  return grouped(unknown, ({ finding }) => finding.reason).map(([reason, group]) =>
    adviceOf(
      `Resolve ${count(group.length, "account")} that could not be judged: ${midway(codeWord(reason))}`,
      whyOf(group.map(({ finding }) => finding.message), entryOf(catalogue, "verdict", reason)),
      { verdict: "unknown", reason },
      "unknown",
    ),
  );
}

/**
 * @param {State} shown
 * @param {import("./types.js").Aspect} aspect
 * @param {import("./types.js").Urgency} urgency
 * @returns {Advice[]}
 */
function aboutStates({ catalogue, rows }, { filters, judged }, urgency) {
  if (!judged) return [];
  const { area, states, sideOf } = judged;
  return Object.entries(states).filter(([, state]) => state.urgency === urgency).flatMap(([state, { look, todo }]) => {
    const bad = rows.filter(({ finding }) => sideOf(finding)?.state === state);
    return grouped(bad, ({ finding }) => sideOf(finding)?.reasons[0]?.code ?? "").map(([reason, group]) => {
      const { whose, finding } = accountsOf(group);
      const messages = group.map((row) => sideOf(row.finding)?.reasons[0]?.message ?? null);
      const chosen = Object.fromEntries(filters.map(({ name }, place) => [name, [state, reason][place]]));
      const why = whyOf(messages, entryOf(catalogue, area, reason));
      return adviceOf(`${todo?.(whose)}: ${midway(codeWord(reason))}`, why, { ...chosen, finding }, look === "bad" ? "non_compliant" : "unknown");
    });
  });
}

/**
 * No filter finds accounts without an answer, so only a single one can be opened.
 *
 * @param {State} state
 * @param {import("./types.js").Aspect} aspect
 * @returns {Advice[]}
 */
function aboutUnread(state, aspect) {
  const unread = state.rows.filter(({ finding }) => isUnread(aspect, finding, state));
  const todo = aspect.judged?.states.unknown?.todo;
  if (!todo || unread.length === 0) return [];
  const { whose, finding } = accountsOf(unread);
  return [adviceOf(`${todo(whose)}: never read`, "The next scan that reads the subscription will do it.", finding === "" ? null : { finding }, "unknown")];
}

/**
 * What aspects advise that is so urgent.
 *
 * @param {State} state
 * @param {import("./types.js").Urgency} urgency
 * @returns {Advice[]}
 */
function beside(state, urgency) {
  return ASPECTS.flatMap((aspect) => [
    ...aboutStates(state, aspect, urgency),
    ...(urgency === "unknown" ? aboutUnread(state, aspect) : []),
    ...(aspect.advice?.[urgency]?.(state) ?? []),
  ]);
}

/** @type {Advise} The most urgent first. */
const adviceFor = (state) => [
  ...beside(state, "broken"),
  ...aboutTheScanner(state),
  ...aboutOwners(state.rows),
  ...beside(state, "ending"),
  ...aboutGaps(state),
  ...aboutUnknowns(state),
  ...beside(state, "exposed"),
  ...beside(state, "unknown"),
  ...beside(state, "risk"),
  ...beside(state, "last"),
];

/** @param {Advice} advice */
function item({ text, why, view, tone }) {
  const words = [icon(tone), h("span", { class: "advice-text" }, text, h("small", {}, why))];
  const content = view === null ? h("div", {}, ...words) : h("a", { href: fragmentOf(view) }, ...words, icon("arrow", "go"));
  return h("li", { class: tone }, content);
}

/** @param {State} state */
function body(state) {
  const advice = adviceFor(state);
  if (advice.length > 0) return h("ol", { class: "advice" }, ...advice.map(item));
  if (!state.complete || !state.status) return waiting();
  const shown = shownPosture(state);
  if (!isGood(shown)) return h("p", { class: "empty" }, "The reasons below the posture say what to do.");
  const exempt = "Nothing to do now: each account that is not under a customer-managed key has an exception.";
  const text = shown === "compliant_with_exceptions" ? exempt : state.status.accounts.total > 0
    ? "Nothing to do: every account is under a customer-managed key, and everything was read."
    : "Nothing to do: everything was read, and there is no account of a kind in scope.";
  return h("p", { class: "empty good" }, icon("compliant"), h("span", {}, text));
}

export const drawAdvice = whenChanged(
  /** @param {State} state */
  (state) => [state.status, state.catalogue, state.rows, state.gaps, state.complete, isFresh(state), Math.floor(state.now / 3_600_000)],
  (state) => fill(at("advice-body"), body(state)),
);
