/**
 * The counts: how many accounts there are, by verdict, by kind, and by what stands beside the verdict.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Verdict} Verdict
 */

import { ASPECTS } from "./aspects.js";
import { LOOKS } from "./aspect_states.js";
import { at, fill, h, icon, waiting, whenChanged } from "./dom.js";
import { count, number, visible } from "./format.js";
import { fragmentOf } from "./url_state.js";
import { verdictWord } from "./labels.js";

/** @type {[Verdict, "nonCompliant" | "unknown" | "compliant"][]} */
const ORDER = [
  ["non_compliant", "nonCompliant"],
  ["unknown", "unknown"],
  ["compliant", "compliant"],
];

/**
 * @param {import("./types.js").Look} look
 * @param {string} word
 * @param {number} value
 * @param {Partial<import("./types.js").View>} view Of the accounts that are counted.
 * @param {string} [share]
 */
const tile = ({ tone, shape }, word, value, view, share) =>
  h(
    "a",
    { class: `tile ${tone} ${value === 0 ? "none" : ""}`, href: fragmentOf(view) },
    h("span", { class: "tile-name" }, icon(shape), word),
    h("span", { class: "tile-value" }, number(value)),
    share && h("span", { class: "tile-share" }, share),
  );

/**
 * Write a state as the field of its count: "at_risk" is "atRisk".
 *
 * @param {string} state
 */
const fieldOf = (state) => state.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

/**
 * Count the accounts by the state of an aspect.
 *
 * @param {import("./types.js").Aspect} aspect
 * @param {import("./types.js").Status} status
 */
function stateTiles({ name, judged }, status) {
  const counts = judged?.countsOf(status);
  if (!judged || !counts) return null;
  const id = `${name}-title`;
  const tiles = Object.entries(judged.states).map(([state, { look, word }]) => tile(LOOKS[look], word, counts[fieldOf(state)], { [name]: state }));
  return h("div", { class: "keys", role: "group", "aria-labelledby": id }, h("h3", { id }, judged.countsTitle), h("div", { class: "tiles" }, ...tiles));
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

/** @param {import("./types.js").CountsOfKind} counts */
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
 * @param {Partial<import("./types.js").View>} view
 * @param {string} text
 */
const link = (view, text) => h("a", { href: fragmentOf(view) }, text);

/** @param {import("./types.js").Status} status */
function notes(status) {
  const { accounts } = status;
  const ignored = Object.entries(accounts.ignoredByKind);
  const others = ignored.reduce((sum, [, value]) => sum + value, 0);
  const named = ignored.map(([kind, value]) => `${visible(kind)} ${number(value)}`).join(", ");
  return [
    ...ASPECTS.map(({ firstNote }) => firstNote?.(status, link)),
    accounts.unread > 0 &&
      h("p", { class: "note bad" }, `The last scan did not read ${count(accounts.unread, "account")}: the last known verdict is counted.`),
    others > 0 &&
      h("p", { class: "note", title: named }, `${count(others, "account")} of other kinds ${others === 1 ? "is" : "are"} not judged: ${named}.`),
    ...ASPECTS.map(({ note }) => note?.(status, link)),
  ];
}

/**
 * @param {State} state
 * @returns {import("./dom.js").Child[]}
 */
function body({ status }) {
  if (!status) return [waiting()];
  const { accounts, asOf } = status;
  if (accounts.total === 0) {
    const text = asOf === null ? "Accounts are counted when the first scan has finished." : "No account of a kind in scope was found.";
    return [h("p", { class: "empty" }, text), ...notes(status)];
  }
  const tiles = ORDER.map(([verdict, field]) =>
    tile({ tone: verdict, shape: verdict }, verdictWord(verdict), accounts[field], { verdict }, `${share100(accounts[field], accounts.total)} %`),
  );
  return [
    h("p", { class: "total" }, h("strong", {}, number(accounts.total)), ` ${accounts.total === 1 ? "account" : "accounts"} judged`),
    bar(accounts),
    h("div", { class: "tiles" }, ...tiles),
    kinds(accounts),
    ...ASPECTS.map((aspect) => stateTiles(aspect, status)),
    ...notes(status),
  ];
}

export const drawAccounts = whenChanged(
  /** @param {State} state */
  (state) => [state.status],
  (state) => fill(at("accounts-body"), ...body(state)),
);
