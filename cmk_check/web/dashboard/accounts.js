/**
 * The counts: how many accounts there are, by verdict, kind, key health and data stores.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Verdict} Verdict
 */

import { dataCounts } from "./data_stores.js";
import { at, fill, h, icon, waiting, whenChanged } from "./dom.js";
import { count, number, visible } from "./format.js";
import { keyCounts } from "./keys.js";
import { fragmentOf } from "./url_state.js";
import { verdictWord } from "./labels.js";

/** @type {[Verdict, "nonCompliant" | "unknown" | "compliant"][]} */
const ORDER = [
  ["non_compliant", "nonCompliant"],
  ["unknown", "unknown"],
  ["compliant", "compliant"],
];

/**
 * @param {Verdict} verdict
 * @param {number} value
 * @param {number} total
 */
function tile(verdict, value, total) {
  const share = total > 0 ? `${share100(value, total)} %` : "–";
  return h(
    "a",
    { class: `tile ${verdict} ${value === 0 ? "none" : ""}`, href: fragmentOf({ verdict }) },
    h("span", { class: "tile-name" }, icon(verdict), verdictWord(verdict)),
    h("span", { class: "tile-value" }, number(value)),
    h("span", { class: "tile-share" }, share),
  );
}

/**
 * Round to a percentage; only all is 100 and only none is 0.
 *
 * @param {number} value
 * @param {number} total
 */
function share100(value, total) {
  const share = (100 * value) / total;
  if (value > 0 && share < 1) return "<1";
  if (value < total && share > 99) return ">99";
  return String(Math.round(share));
}

/** @param {import("./types.js").Counts} counts */
function bar(counts) {
  const parts = ORDER.filter(([, field]) => counts[field] > 0).map(([verdict, field]) => {
    const part = h("span", { class: `part ${verdict}` });
    part.style.flexGrow = String(counts[field]);
    return part;
  });
  return h("div", { class: "bar", "aria-hidden": "true" }, ...parts);
}

/** @param {import("./types.js").Accounts} accounts */
function kinds(accounts) {
  const rows = Object.entries(accounts.byKind).map(([kind, counts]) => {
    const words = ORDER.filter(([, field]) => counts[field] > 0).map(([verdict, field]) =>
      h("span", { class: `inline ${verdict}` }, icon(verdict), `${number(counts[field])} ${verdictWord(verdict).toLowerCase()}`),
    );
    return h("li", {}, h("a", { href: fragmentOf({ kind }) }, visible(kind)), bar(counts), h("span", { class: "words" }, ...words));
  });
  return h("ul", { class: "kinds", "aria-label": "Accounts by kind" }, ...rows);
}

/**
 * Say how many accounts Azure's built-in policy leaves out, and of how many others it says
 * something else. Older versions of the app count neither.
 *
 * @param {import("./types.js").PolicyCounts | null | undefined} counts
 * @returns {import("./dom.js").Child}
 */
function policyNote(counts) {
  const { notAssessed, differs } = counts ?? { notAssessed: 0, differs: 0 };
  const others = differs - notAssessed;
  if (differs === 0) return false;
  const leftOut = h("a", { href: fragmentOf({ azurePolicy: "not_assessed" }) }, count(notAssessed, "account"));
  const words = [
    ...(notAssessed > 0 ? [" leaves out ", leftOut] : []),
    ...(notAssessed > 0 && others > 0 ? [" and"] : []),
    ...(others > 0 ? [` says something else of ${count(others, notAssessed > 0 ? "other account" : "account")}`] : []),
  ];
  return h("p", { class: "note" }, "By default Azure's built-in policy", ...words, ".");
}

/** @param {import("./types.js").Status} status */
function notes({ accounts, azurePolicy }) {
  const ignored = Object.entries(accounts.ignoredByKind);
  const others = ignored.reduce((sum, [, value]) => sum + value, 0);
  const named = ignored.map(([kind, value]) => `${visible(kind)} ${number(value)}`).join(", ");
  const excepted = accounts.excepted ?? 0;
  return [
    excepted > 0 &&
      h("p", { class: "note" }, h("a", { href: fragmentOf({ exception: "honoured" }) }, `${count(excepted, "account")} that ${excepted === 1 ? "is" : "are"} not compliant`), ` ${excepted === 1 ? "has" : "have"} an exception: the violation is accepted for a time.`),
    accounts.unread > 0 &&
      h("p", { class: "note bad" }, `The last scan did not read ${count(accounts.unread, "account")}: the last known verdict is counted.`),
    others > 0 &&
      h("p", { class: "note", title: named }, `${count(others, "account")} of other kinds ${others === 1 ? "is" : "are"} not judged: ${named}.`),
    policyNote(azurePolicy),
  ];
}

/** @param {State} state */
function draw({ status }) {
  if (!status) {
    fill(at("accounts-body"), waiting());
    return;
  }
  const { accounts } = status;
  if (accounts.total === 0) {
    const text = status.asOf === null
      ? "Accounts are counted when the first scan has finished."
      : "No account of a kind in scope was found.";
    fill(at("accounts-body"), h("p", { class: "empty" }, text), ...notes(status));
    return;
  }
  fill(
    at("accounts-body"),
    h("p", { class: "total" }, h("strong", {}, number(accounts.total)), ` ${accounts.total === 1 ? "account" : "accounts"} judged`),
    bar(accounts),
    h("div", { class: "tiles" }, ...ORDER.map(([verdict, field]) => tile(verdict, accounts[field], accounts.total))),
    kinds(accounts),
    keyCounts(status),
    dataCounts(status),
    ...notes(status),
  );
}

/** @type {(state: State) => void} */
export const drawAccounts = whenChanged((state) => [state.status], draw);
