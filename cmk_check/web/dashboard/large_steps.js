/**
 * What to do next in a large estate, from the sums of the status and the owners, without the accounts.
 *
 * @typedef {import("./types.js").Advice} Advice
 */

import { fieldOf } from "./aspect_states.js";
import { ASPECTS } from "./aspects.js";
import { count, day, within } from "./format.js";

const MOST_OWNERS = 8;
/** @type {Pick<Advice, "actor" | "why" | "rows" | "hasPlan" | "since">} */
const NONE = { actor: "account_owner", why: "", rows: [], hasPlan: false, since: "" };

/** @param {import("./types.js").Accounts} accounts */
const violationsOf = ({ nonCompliant, excepted }) => nonCompliant - excepted;

/** @param {import("./types.js").State} state @returns {Advice[]} The most urgent first. */
export function largeSteps({ status, owners }) {
  if (!status) return [];
  const { accounts } = status;
  const ofStates = ASPECTS.flatMap(({ name, judged }) => Object.entries(judged?.states ?? {}).flatMap(([state, { look, todo }]) => {
    const value = judged?.countsOf(status)?.[fieldOf(state)] ?? 0;
    const tone = look === "bad" ? /** @type {const} */ ("non_compliant") : /** @type {const} */ ("unknown");
    return todo && value > 0 ? [{ ...NONE, actor: "key_owner", text: todo(count(value, "account")), view: { [name]: state }, tone }] : [];
  }));
  /** @type {(who: string, many: number, view: Advice["view"], oldest?: string | null) => Advice} */
  const violated = (who, many, view, oldest = null) => ({
    ...NONE,
    text: `${who}: set a key on ${count(many, "account")}`,
    view: { verdict: "non_compliant", accepted: accounts.excepted > 0 ? "no" : "", ...view },
    tone: "non_compliant",
    since: oldest ? `since ${day(oldest)}` : "",
  });
  const asked = (owners ?? []).filter((sums) => violationsOf(sums.accounts) > 0).sort((a, b) => violationsOf(b.accounts) - violationsOf(a.accounts));
  const named = asked.slice(0, MOST_OWNERS);
  const rest = asked.length > 0 ? asked.slice(MOST_OWNERS) : [{ accounts }];
  const left = rest.reduce((sum, { accounts: own }) => sum + violationsOf(own), 0);
  const others = asked.length > 0 ? count(rest.length, "more owner") : "All owners";
  return [
    ...ofStates.filter(({ tone }) => tone === "non_compliant"),
    ...named.map(({ owner, accounts: own, oldestViolation }) =>
      violated(owner === null ? "No owner tag" : within(owner), violationsOf(own), { owner: owner ?? "" }, oldestViolation)),
    ...(left > 0 ? [violated(others, left, { notOwner: named.map(({ owner }) => owner ?? "") })] : []),
    ...(accounts.unknown > 0 ? [{ ...NONE, text: `Resolve the unknown verdict of ${count(accounts.unknown, "account")}`, view: { verdict: "unknown" }, tone: /** @type {const} */ ("unknown") }] : []),
    ...ofStates.filter(({ tone }) => tone !== "non_compliant"),
  ];
}
