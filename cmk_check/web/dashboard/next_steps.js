/**
 * What to do next: the few steps that change the result, the most urgent first.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Row} Row
 * @typedef {{ text: string, why: string, href: string | null, tone: "non_compliant" | "unknown" | "excepted" }} Advice
 */

import { at, fill, h, icon, waiting, whenChanged } from "./dom.js";
import { ACCEPTED } from "./exceptions.js";
import { count, day, number, visible, within } from "./format.js";
import { hasDataStores } from "./data_stores.js";
import { hasKeys, lookOf } from "./keys.js";
import { isFresh, isGood, shownPosture } from "./page_state.js";
import { fragmentOf } from "./url_state.js";
import { codeWord, midway } from "./labels.js";
import { actorOf, entryOf, explained } from "./reasons.js";

const MOST_OWNERS = 4;
/** @type {Record<string, (whose: string) => string>} What to do about a key, by its state. */
const KEYS = {
  broken: (whose) => `Repair the key of ${whose}`,
  unknown: (whose) => `Check the key of ${whose}`,
  at_risk: (whose) => `Fix the key of ${whose} before it breaks`,
};
/** @type {Record<string, (whose: string) => string>} What to do about data stores, by their state. */
const DATA = {
  microsoft_keys: (whose) => `Set a key of your own on the data stores of ${whose}`,
  unknown: (whose) => `Check the data stores of ${whose}`,
  may_be_microsoft_keys: (whose) => `See where ${whose} may keep data under Microsoft's keys`,
};
/** Reasons of a posture that the advice on accounts, keys and gaps already covers. */
const COVERED = ["accounts_non_compliant", "accounts_unknown", "keys_broken", "keys_unknown", "data_exposed", "data_unknown", "subscriptions_unread"];

/**
 * @param {State} state
 * @returns {Advice[]}
 */
function aboutTheScanner(state) {
  const { catalogue, status } = state;
  const advice = (status?.reasons ?? [])
    .filter(({ code }) => !COVERED.includes(code) && entryOf(catalogue, "posture", code)?.severity !== "info")
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
 * Explain accounts or gaps that have the same reason; their texts may still differ.
 *
 * @param {(string | null)[]} texts The text of each.
 * @param {import("./types.js").CatalogueReason | undefined} entry
 */
function whyOf(texts, entry) {
  const [own, ...others] = new Set(texts);
  const text = others.length === 0 ? explained(own, entry) : "Each of them says what is wrong and what to do.";
  return `${text} ${actorOf(entry)}`.trim();
}

/**
 * @param {string} text
 * @param {string} why
 * @param {string | null} href
 * @param {Advice["tone"]} tone
 * @returns {Advice}
 */
const adviceOf = (text, why, href, tone) => ({ text, why, href, tone });

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @returns {[string, T[]][]} The largest group first.
 */
function grouped(items, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const member of items) {
    const key = keyOf(member);
    const group = groups.get(key);
    if (group) group.push(member);
    else groups.set(key, [member]);
  }
  return [...groups].sort(([, a], [, b]) => b.length - a.length);
}

/**
 * @param {readonly Row[]} rows
 * @returns {Advice[]}
 */
function aboutOwners(rows) {
  const violated = rows.filter(({ finding }) => finding.verdict === "non_compliant");
  const bad = violated.filter(({ exception }) => exception !== "honoured");
  const accepted = bad.length < violated.length ? "no" : "";
  const groups = grouped(bad, ({ owner }) => owner);
  const owned = groups.filter(([owner]) => owner !== "");
  // One owner more takes no more space than saying so.
  const named = owned.length <= MOST_OWNERS + 1 ? owned : owned.slice(0, MOST_OWNERS);
  /** @type {(text: string, why: string, view: Partial<import("./types.js").View>) => Advice} */
  const about = (text, why, view) => adviceOf(text, why, fragmentOf({ verdict: "non_compliant", accepted, ...view }), "non_compliant");
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

/**
 * @param {State} state
 * @returns {Advice[]}
 */
function aboutGaps({ catalogue, gaps, gapsComplete, status }) {
  const groups = grouped(gaps, ({ reason }) => reason);
  const advice = groups.map(([reason, group]) => {
    const one = group.length === 1 ? `the subscription ${within(group[0].name ?? group[0].subscriptionId)}` : count(group.length, "subscription");
    const details = group.map(({ detail }) => detail);
    return adviceOf(`Close the gap of ${one}: ${midway(codeWord(reason))}`, whyOf(details, entryOf(catalogue, "gap", reason)), fragmentOf({ gap: reason }), "unknown");
  });
  const omitted = gapsComplete ? 0 : (status?.gapsOmitted ?? 0);
  if (omitted > 0) advice.push(adviceOf(`Look at ${number(omitted)} more gaps`, "They are being loaded.", null, "unknown"));
  return advice;
}

/**
 * @param {State} state
 * @returns {Advice[]}
 */
function aboutUnknowns({ catalogue, rows }) {
  const unknown = rows.filter(({ finding }) => finding.verdict === "unknown");
  return grouped(unknown, ({ finding }) => finding.reason).map(([reason, group]) =>
    adviceOf(
      `Resolve ${count(group.length, "account")} that could not be judged: ${midway(codeWord(reason))}`,
      whyOf(group.map(({ finding }) => finding.message), entryOf(catalogue, "verdict", reason)),
      fragmentOf({ verdict: "unknown", reason }),
      "unknown",
    ),
  );
}

/**
 * @typedef {object} Beside What is judged beside a verdict.
 * @property {"key" | "data"} area
 * @property {Record<string, (whose: string) => string>} todo By state.
 * @property {(status: State["status"]) => boolean} isRead
 * @property {(finding: import("./types.js").Finding) => boolean} applies
 * @property {(finding: import("./types.js").Finding) => { state: string, reasons: { code: string, message: string }[] } | null | undefined} of
 * @property {(state: string, reason: string) => Partial<import("./types.js").View>} view
 */

/** @type {Beside} */
const KEY = {
  area: "key",
  todo: KEYS,
  isRead: hasKeys,
  applies: ({ verdict }) => verdict === "compliant",
  of: ({ keyHealth }) => keyHealth,
  view: (keyHealth, keyReason) => ({ keyHealth, keyReason }),
};
/** @type {Beside} */
const STORES = {
  area: "data",
  todo: DATA,
  isRead: hasDataStores,
  applies: () => true,
  of: ({ dataStores }) => dataStores,
  view: (dataStores, dataReason) => ({ dataStores, dataReason }),
};

/**
 * @param {State} shown
 * @param {Beside} beside
 * @param {string} state
 * @returns {Advice[]}
 */
function aboutState({ catalogue, rows }, { area, todo, of, view }, state) {
  const tone = lookOf(state).tone === "non_compliant" ? "non_compliant" : "unknown";
  const bad = rows.filter(({ finding }) => of(finding)?.state === state);
  return grouped(bad, ({ finding }) => of(finding)?.reasons[0]?.code ?? "").map(([reason, group]) => {
    const [{ finding }] = group;
    const one = group.length === 1;
    const whose = one ? within(finding.name) : count(group.length, "account");
    const messages = group.map((row) => of(row.finding)?.reasons[0]?.message ?? null);
    const href = fragmentOf({ ...view(state, reason), finding: one ? finding.id.toLowerCase() : "" });
    return adviceOf(`${todo[state](whose)}: ${midway(codeWord(reason))}`, whyOf(messages, entryOf(catalogue, area, reason)), href, tone);
  });
}

/**
 * No filter finds accounts without an answer, so only a single one can be opened.
 *
 * @param {State} state
 * @param {Beside} beside
 * @returns {Advice[]}
 */
function aboutUnread({ rows, status }, { todo, isRead, applies, of }) {
  const unread = rows.filter(({ finding }) => applies(finding) && !of(finding));
  if (!isRead(status) || unread.length === 0) return [];
  const [{ finding }] = unread;
  const one = unread.length === 1;
  const text = `${todo.unknown(one ? within(finding.name) : count(unread.length, "account"))}: never read`;
  const href = one ? fragmentOf({ finding: finding.id.toLowerCase() }) : null;
  return [adviceOf(text, "The next scan that reads the subscription will do it.", href, "unknown")];
}

/**
 * @param {State} state
 * @returns {Advice[]}
 */
function aboutEndingExceptions({ rows, now }) {
  const ending = rows.filter(({ finding }) => ACCEPTED.ending.holds(finding, now));
  if (ending.length === 0) return [];
  const [{ finding }] = ending;
  const one = ending.length === 1;
  const ends = ending.map((row) => row.finding.exception?.expiresOn ?? "").sort();
  const text = `Fix ${one ? within(finding.name) : count(ending.length, "account")} before ${one ? "its exception ends" : "their exceptions end"}`;
  const why = `${one ? "It ends" : "The first one ends"} on ${day(ends[0])}. Then the violation counts again.`;
  return [adviceOf(text, why, fragmentOf({ accepted: "ending", finding: one ? finding.id.toLowerCase() : "" }), "excepted")];
}

/**
 * @param {State} state
 * @returns {Advice[]}
 */
function aboutUnreadExemptions({ catalogue, rows, now }) {
  const unread = rows.filter(({ finding }) => ACCEPTED.unread.holds(finding, now));
  if (unread.length === 0) return [];
  const messages = unread.map(({ finding }) => finding.exception?.message ?? null);
  const why = whyOf(messages, entryOf(catalogue, "exception", "exemption_unread"));
  return [adviceOf(`Let the app read the exemptions of ${count(unread.length, "account")}`, why, fragmentOf({ accepted: "unread" }), "unknown")];
}

/**
 * Work out the advice, the most urgent first.
 *
 * @param {State} state
 * @returns {Advice[]}
 */
export const adviceFor = (state) => [
  ...aboutState(state, KEY, "broken"),
  ...aboutTheScanner(state),
  ...aboutOwners(state.rows),
  ...aboutEndingExceptions(state),
  ...aboutGaps(state),
  ...aboutUnknowns(state),
  ...aboutState(state, STORES, "microsoft_keys"),
  ...aboutState(state, KEY, "unknown"),
  ...aboutUnread(state, KEY),
  ...aboutState(state, STORES, "unknown"),
  ...aboutUnread(state, STORES),
  ...aboutState(state, KEY, "at_risk"),
  ...aboutState(state, STORES, "may_be_microsoft_keys"),
  ...aboutUnreadExemptions(state),
];

/** @param {Advice} advice */
function item({ text, why, href, tone }) {
  const words = [icon(tone), h("span", { class: "advice-text" }, text, h("small", {}, why))];
  const body = href === null ? h("div", {}, ...words) : h("a", { href }, ...words, icon("arrow", "go"));
  return h("li", { class: tone }, body);
}

/** @param {State} state */
function draw(state) {
  const advice = adviceFor(state);
  if (advice.length > 0) {
    fill(at("advice-body"), h("ol", { class: "advice" }, ...advice.map(item)));
    return;
  }
  if (!state.complete || !state.status) {
    fill(at("advice-body"), waiting());
    return;
  }
  const shown = shownPosture(state);
  if (!isGood(shown)) {
    fill(at("advice-body"), h("p", { class: "empty" }, "The reasons below the posture say what to do."));
    return;
  }
  const exempt = "Nothing to do now: each account that is not under a customer-managed key has an exception.";
  const text = shown === "compliant_with_exceptions" ? exempt : state.status.accounts.total > 0
    ? "Nothing to do: every account is under a customer-managed key, and everything was read."
    : "Nothing to do: everything was read, and there is no account of a kind in scope.";
  fill(at("advice-body"), h("p", { class: "empty good" }, icon("compliant"), h("span", {}, text)));
}

/** @type {(state: State) => void} */
export const drawAdvice = whenChanged(
  (state) => [state.status, state.catalogue, state.rows, state.gaps, state.complete, isFresh(state), Math.floor(state.now / 3_600_000)],
  draw,
);
