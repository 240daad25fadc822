/**
 * What to do next: one list, in which each step says who acts. What is known to be wrong comes first.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Row} Row
 * @typedef {import("./types.js").Advice} Advice
 * @typedef {(state: State) => Advice[]} Advise
 */

import { pages } from "./api.js";
import { ASPECTS, isUnread } from "./aspects.js";
import { copy } from "./copy.js";
import { needsRows } from "./downloads.js";
import { at, fill, h, icon, waiting, whenChanged } from "./dom.js";
import { accountsOf, addressOf, count, day, number, vaultOf, visible, within } from "./format.js";
import { largeSteps } from "./large_steps.js";
import { isBeforeFirstScan, isFresh, isGood, isLarge, shownPosture } from "./page_state.js";
import { DEFAULTS, fragmentOf, pathOf } from "./url_state.js";
import { actorWord, codeWord, midway } from "./labels.js";
import { NAMED, mailOf, messageOf } from "./owner_message.js";
import { entryOf, whyOf } from "./reasons.js";
import { rowOf } from "./row_selection.js";

/** The maximum of named owners, and of unfolded steps; one more fits into the line that would mention it. */
const MOST_OWNERS = 5;
const FEW = 10;
/** A browser allows copying for a few seconds after a click; in ms. */
const LONGEST_LOAD = 4000;
/** Posture reasons that the advice on accounts and gaps covers, or before the first scan the banner. */
const COVERED = ["accounts_non_compliant", "accounts_unknown", "subscriptions_unread", "no_scan_yet"];
const NONE = { why: "", view: null, since: "", rows: [], value: 0, overdue: 0, hasPlan: false };

/** @type {Advise} */
function aboutTheScanner(state) {
  const { catalogue, status } = state;
  const covered = [...COVERED, ...ASPECTS.flatMap(({ covers = [] }) => covers)];
  const reasons = (status?.reasons ?? []).filter(({ code }) => !covered.includes(code) && entryOf(catalogue, "posture", code)?.severity !== "info");
  if (reasons.length === 0 && status?.asOf && !isFresh(state)) {
    reasons.push({ code: "stale", message: "The result is out of date, and no scan has finished since." });
  }
  return reasons.map(({ code, message }) => {
    const entry = entryOf(catalogue, "posture", code);
    const text = entry?.wayOut ?? codeWord(code);
    const why = visible(message.replace(` ${text}`, ""));
    return { ...NONE, actor: entry?.actor ?? "", text: `${actorWord(entry?.actor ?? "")}: ${midway(visible(text).replace(/\.$/, ""))}`, why, tone: entry?.severity === "error" ? "non_compliant" : "unknown" };
  });
}

/** @type {<T>(items: readonly T[], keyOf: (item: T) => string) => [string, T[]][]} The largest group first. */
const grouped = (items, keyOf) => [...Map.groupBy(items, keyOf)].sort(([, a], [, b]) => b.length - a.length);

/**
 * Return since when something is true: the earliest of several times.
 *
 * @param {readonly { since: string | null, atFirst?: boolean }[]} items
 */
function sinceOf(items) {
  const [first] = items.filter(({ since }) => since).sort((a, b) => ((a.since ?? "") < (b.since ?? "") ? -1 : 1));
  return first?.since ? `${first.atFirst ? "first seen" : "since"} ${day(first.since)}` : "";
}

/**
 * Return who acts on accounts, if not their owners: the owner of their vault, if they share one.
 *
 * @param {string} actor
 * @param {Row[]} rows
 */
function actorOn(actor, rows) {
  const [vault, ...others] = new Set(rows.map(({ finding }) => vaultOf(addressOf(finding))));
  return actor === "key_owner" && vault && others.length === 0 ? `The owner of the vault ${within(vault)}` : actorWord(actor);
}

/**
 * Make the steps about accounts with the same need. If their owners act, each owner has a separate step,
 * up to the maximum of named owners.
 *
 * @param {import("./types.js").Task} task
 * @returns {Advice[]}
 */
function steps({ rows, todo, view, end = "", hasPlan = false, ...of }) {
  /** @type {(own: Row[], view: Advice["view"], who: string) => Advice} */
  const step = (own, chosen, who) => {
    const { whose, finding } = accountsOf(own);
    const isOwner = of.actor === "account_owner";
    const overdue = own.filter(({ finding: { due } }) => due === "overdue").length;
    const text = `${who}: ${midway(todo(isOwner && end === "" ? count(own.length, "account") : whose))}${end}`;
    return { ...of, text, view: { ...view, ...(isOwner ? {} : { finding }), ...chosen }, since: overdue > 0 ? `${number(overdue)} overdue` : sinceOf(own), rows: own, value: own.length, overdue, hasPlan };
  };
  if (of.actor !== "account_owner") return rows.length > 0 ? [step(rows, {}, actorOn(of.actor, rows))] : [];
  const groups = grouped(rows, ({ owner }) => owner);
  const named = groups.length <= MOST_OWNERS + 1 ? groups : groups.slice(0, MOST_OWNERS);
  const rest = groups.slice(named.length);
  const others = { notOwner: named.map(([owner]) => owner), sort: "owner" };
  return [
    ...named.map(([owner, own]) => step(own, { owner }, owner === "" ? "No owner tag" : within(owner))),
    ...(rest.length > 0 ? [step(rest.flatMap(([, own]) => own), others, count(rest.length, "more owner"))] : []),
  ];
}

/** @type {Advise} */
function aboutViolations({ rows }) {
  const violated = rows.filter(({ finding }) => finding.verdict === "non_compliant");
  const bad = violated.filter(({ finding }) => !finding.exception?.honoured);
  const view = { verdict: "non_compliant", accepted: bad.length < violated.length ? "no" : "" };
  const own = steps({ rows: bad, todo: (whose) => `Set a key on ${whose}`, actor: "account_owner", why: "", tone: "non_compliant", view, hasPlan: true });
  return own.map((step) => ({ ...step, why: step.rows.slice(0, 5).map(({ finding }) => visible(finding.name)).join(", ") }));
}

/** @type {Advise} */
function aboutGaps({ catalogue, gaps, gapsComplete, status }) {
  const advice = grouped(gaps, ({ reason }) => reason).map(([reason, group]) => {
    const one = group.length === 1 ? `the subscription ${within(group[0].name ?? group[0].subscriptionId)}` : count(group.length, "subscription");
    const entry = entryOf(catalogue, "gap", reason);
    const [text, why] = [`${actorWord(entry?.actor ?? "")}: let the app read ${one}: ${midway(codeWord(reason))}`, whyOf(group.map(({ detail }) => detail), entry)];
    return /** @type {Advice} */ ({ ...NONE, actor: entry?.actor ?? "", text, why, view: { gap: reason }, since: sinceOf(group), tone: "unknown" });
  });
  const omitted = gapsComplete ? 0 : (status?.gapsOmitted ?? 0);
  if (omitted > 0) advice.push({ ...NONE, actor: "nobody", text: `Check ${number(omitted)} more gaps`, why: "They are being loaded.", tone: "unknown" });
  return advice;
}

/**
 * Make the steps about accounts with one problem, for each of its reasons.
 *
 * @param {State} state
 * @param {import("./types.js").ReasonArea} area
 * @param {Row[]} rows
 * @param {(row: Row) => { code: string, message: string } | undefined} reasonOf
 * @param {(code: string) => Pick<import("./types.js").Task, "todo" | "tone" | "view">} task
 */
function byReason({ catalogue }, area, rows, reasonOf, task) {
  return grouped(rows, (row) => reasonOf(row)?.code ?? "").flatMap(([code, own]) => {
    const entry = entryOf(catalogue, area, code);
    const why = whyOf(own.map((row) => reasonOf(row)?.message ?? null), entry);
    return steps({ ...task(code), rows: own, actor: entry?.actor ?? "", why, hasPlan: area === "key", end: `: ${midway(codeWord(code))}` });
  });
}

/** @type {Advise} */
function aboutUnknowns(state) {
  const unknown = state.rows.filter(({ finding }) => finding.verdict === "unknown");
  return byReason(state, "verdict", unknown, ({ finding: { reason, message } }) => ({ code: reason, message }), (reason) => ({
    todo: (whose) => `Resolve the unknown verdict of ${whose}`,
    tone: "unknown",
    view: { verdict: "unknown", reason },
  }));
}

/** @type {(shown: State, aspect: import("./types.js").Aspect, urgency: import("./types.js").Urgency) => Advice[]} */
function aboutStates(shown, { filters, judged }, urgency) {
  if (!judged) return [];
  const { area, states, sideOf } = judged;
  return Object.entries(states).filter(([, state]) => state.urgency === urgency).flatMap(([state, { look, todo = String }]) => {
    const bad = shown.rows.filter(({ finding }) => sideOf(finding)?.state === state);
    return byReason(shown, area, bad, ({ finding }) => sideOf(finding)?.reasons[0], (reason) => ({
      todo,
      tone: look === "bad" ? "non_compliant" : "unknown",
      view: Object.fromEntries(filters.map(({ name }, place) => [name, [state, reason][place]])),
    }));
  });
}

/** @type {(state: State, aspect: import("./types.js").Aspect) => Advice[]} No filter finds accounts without an answer, so only a single account gets a link. */
function aboutUnread(state, aspect) {
  const unread = state.rows.filter(({ finding }) => isUnread(aspect, finding, state));
  const todo = aspect.judged?.states.unknown?.todo;
  if (!todo || unread.length === 0) return [];
  const { whose, finding } = accountsOf(unread);
  const why = "The next scan that reads the subscription does this.";
  return [{ ...NONE, actor: "nobody", text: `${todo(whose)}: never read`, why, view: finding === "" ? null : { finding }, tone: "unknown" }];
}

/** @type {(state: State, urgency: import("./types.js").Urgency) => Advice[]} The aspects' advice of this urgency. */
function beside(state, urgency) {
  return ASPECTS.flatMap((aspect) => [
    ...aboutStates(state, aspect, urgency),
    ...(urgency === "unknown" ? aboutUnread(state, aspect) : []),
    ...(aspect.advice?.[urgency]?.(state) ?? []).flatMap(steps),
  ]);
}

/** @type {Advise} The most urgent first. */
const adviceFor = (state) => allSteps(state).sort((a, b) => Number(a.actor === "nobody") - Number(b.actor === "nobody") || harm(b) - harm(a));

/** Return how bad it is what a step is about: known to be wrong, even overdue, or could not be verified. @param {Advice} step */
const harm = ({ tone, overdue }) => (tone === "non_compliant" ? 1 : 0) + (overdue > 0 ? 1 : 0);

/** @type {Advise} */
const allSteps = (state) => isLarge(state) ? [...aboutTheScanner(state), ...largeSteps(state), ...aboutGaps(state)] : [
  ...beside(state, "broken"),
  ...aboutTheScanner(state),
  ...aboutViolations(state),
  ...beside(state, "ending"),
  ...aboutGaps(state),
  ...aboutUnknowns(state),
  ...beside(state, "unknown"),
  ...beside(state, "risk"),
  ...beside(state, "last"),
];

/**
 * Load the accounts of a step that a message names; in a large estate they are not on the page.
 *
 * @param {Advice} step
 */
async function withRows(step) {
  const view = { ...DEFAULTS, ...step.view };
  if (step.rows.length > 0 || step.value === 0 || needsRows(view)) return step;
  const rows = [];
  try {
    for await (const page of pages(pathOf(view, { top: String(NAMED[0]) }), AbortSignal.timeout(LONGEST_LOAD))) {
      rows.push(...page.map(rowOf));
      if (rows.length >= NAMED[0]) break;
    }
  } catch {
    // The message then has the number and the link.
  }
  return { ...step, rows };
}

/** @param {Advice} step @param {State} state */
function line(step, { status }) {
  const { actor, text, why, view, tone, since, overdue } = step;
  const asOf = status?.asOf ?? null;
  const words = [icon(tone), h("span", { class: "advice-text", title: why }, text, " ", h("small", {}, why))];
  const mail = mailOf(step, asOf);
  const press = async () => {
    const done = await copy(messageOf(await withRows(step), asOf));
    fill(at("advice-notice"), done ? `Copied: ${text}` : "The browser did not allow copying.");
  };
  return h(
    "li",
    { class: tone },
    view === null ? h("div", { class: "go" }, ...words) : h("a", { class: "go", href: fragmentOf(view) }, ...words),
    h("span", { class: overdue > 0 ? "since bad" : "since" }, since),
    view && actor !== "nobody" && h("button", { type: "button", "data-key": text, "aria-label": `Copy message: ${text}`, click: () => void press() }, "Copy message"),
    mail && h("a", { class: "mail", href: mail, "aria-label": `Mail: ${text}` }, "Mail"),
  );
}

/** @param {Advice[]} advice @param {State} state */
function lines(advice, state) {
  const shown = advice.length <= FEW + 1 || state.printing ? advice.length : FEW;
  const rest = advice.slice(shown).map((step) => line(step, state));
  return [
    h("ol", { class: "advice", "aria-labelledby": "advice-title" }, ...advice.slice(0, shown).map((step) => line(step, state))),
    rest.length > 0 && h("details", {}, h("summary", { "data-key": "more" }, `${number(rest.length)} more`), h("ol", { class: "advice", "aria-label": "More to do" }, ...rest)),
  ];
}

/** @param {State} state @returns {import("./dom.js").Child[]} */
function body(state) {
  const { complete, rows, status } = state;
  const advice = adviceFor(state);
  const counted = !complete && !isLarge(state) && status && h("p", { class: "note" }, `${number(rows.length)} of ${count(status.accounts.total, "account")} loaded so far.`);
  if (advice.length > 0) return [...lines(advice, state), counted];
  if (!(complete || isLarge(state)) || !status) return [waiting()];
  const shown = shownPosture(state);
  if (shown === "nothing") return [h("p", { class: "empty" }, "Nothing to do: there is no account of a kind in scope.")];
  if (!isGood(shown)) return [h("p", { class: "empty" }, "See the reasons below the posture for what to do.")];
  const exempt = "Nothing to do now: each account that is not encrypted with a customer-managed key has an exception.";
  const text = shown === "compliant_with_exceptions" ? exempt : "Nothing to do: every account is encrypted with a customer-managed key, and everything was read.";
  return [h("p", { class: "empty good" }, icon("compliant"), h("span", {}, text))];
}

export const drawAdvice = whenChanged(
  /** @param {State} state */
  (state) => [state.status, state.catalogue, state.rows, state.owners, state.keys, state.gaps, state.complete, isFresh(state), state.printing, Math.floor(state.now / 3_600_000)],
  (state) => {
    at("advice").hidden = isBeforeFirstScan(state) && adviceFor(state).length === 0;
    fill(at("advice-body"), ...body(state));
  },
);
