/**
 * What to do next in a large estate, from the sums of the status, the owners and the keys, without the accounts.
 *
 * @typedef {import("./types.js").Advice} Advice
 */

import { LOOKS, fieldOf } from "./aspect_states.js";
import { ASPECTS } from "./aspects.js";
import { count, day, number, within } from "./format.js";
import { actorWord, midway } from "./labels.js";

const MOST_OWNERS = 5;
const MOST_CAUSES = 3;
/** @type {Pick<Advice, "actor" | "why" | "rows" | "hasPlan" | "since" | "overdue">} */
const NONE = { actor: "account_owner", why: "", rows: [], hasPlan: false, since: "", overdue: 0 };

/** @type {<T extends { value: number }>(items: T[], total: number, most: number) => { named: T[], more: number, left: number }} The largest of some counts, and what is left of a total. */
function largest(items, total, most) {
  const found = items.filter(({ value }) => value > 0).sort((a, b) => b.value - a.value);
  const named = found.length <= most + 1 ? found : found.slice(0, most);
  return { named, more: found.length - named.length, left: Math.max(0, total - named.reduce((sum, { value }) => sum + value, 0)) };
}

/** @typedef {(state: import("./types.js").State, name: string, judged: import("./types.js").Judged) => Advice[]} AboutStates */
/** @type {AboutStates} Return the steps about an aspect's bad states: what causes them for most accounts, and the rest. */
function aboutStates(state, name, { states, causes, countsOf }) {
  const counts = (state.status && countsOf(state.status)) ?? {};
  return Object.entries(states).flatMap(([code, { look, todo }]) => {
    const total = counts[fieldOf(code)] ?? 0;
    if (!todo || total === 0) return [];
    const { named, left } = largest(causes?.(state, fieldOf(code)) ?? [], total, MOST_CAUSES);
    const of = { ...NONE, actor: "key_owner", tone: look === "bad" ? LOOKS.bad.tone : LOOKS.unknown.tone };
    const [who, whose] = named.length > 0 ? ["Owners of other vaults", "more account"] : [actorWord("key_owner"), "account"];
    return [
      ...named.map(({ who: owner, what, value, view }) => ({ ...of, text: `${owner}: ${midway(todo(what))}`, value, view: { [name]: code, ...view } })),
      // No filter leaves out the named keys.
      ...(left > 0 ? [{ ...of, text: `${who}: ${midway(todo(count(left, whose)))}`, value: 0, view: { [name]: code } }] : []),
    ];
  });
}

/** @param {import("./types.js").State} state @returns {Advice[]} The most urgent first. */
export function largeSteps(state) {
  const { status, owners } = state;
  if (!status) return [];
  const { nonCompliant, unknown, excepted } = status.accounts;
  const why = excepted > 0 ? `${count(excepted, "account")} of the estate ${excepted === 1 ? "has" : "have"} an exception.` : "";
  /** @type {(who: string, value: number, view: Advice["view"], overdue?: number, oldest?: string | null) => Advice} */
  const violated = (who, value, view, overdue = 0, oldest = null) => ({
    ...NONE,
    text: `${who}: set a key on ${count(value, "account")}`,
    why,
    value,
    overdue,
    view: { verdict: "non_compliant", ...view },
    tone: "non_compliant",
    hasPlan: true,
    since: overdue > 0 ? `${number(overdue)} overdue` : oldest ? `since ${day(oldest)}` : "",
  });
  const sums = (owners ?? []).map((own) => ({ ...own, value: own.accounts.nonCompliant }));
  const { named, more, left } = largest(sums, nonCompliant, MOST_OWNERS);
  const others = more > 0 ? count(more, "more owner") : "All owners";
  const ofStates = ASPECTS.flatMap(({ name, judged }) => (judged ? aboutStates(state, name, judged) : []));
  return [
    ...ofStates.filter(({ tone }) => tone === "non_compliant"),
    ...named.map(({ owner, value, overdue, oldestViolation }) => violated(owner === null ? "No owner tag" : within(owner), value, { owner: owner ?? "" }, overdue, oldestViolation)),
    ...(left > 0 ? [violated(others, left, { notOwner: named.map(({ owner }) => owner ?? "") })] : []),
    ...(unknown > 0 ? [{ ...NONE, text: `${actorWord("account_owner")}: resolve the unknown verdict of ${count(unknown, "account")}`, value: unknown, view: { verdict: "unknown" }, tone: LOOKS.unknown.tone }] : []),
    ...ofStates.filter(({ tone }) => tone !== "non_compliant"),
  ];
}
