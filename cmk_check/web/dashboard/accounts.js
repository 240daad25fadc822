/**
 * The counts of accounts by verdict, by kind, and by the state of each aspect.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Verdict} Verdict
 */

import { ASPECTS } from "./aspects.js";
import { LOOKS, fieldOf } from "./aspect_states.js";
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
 * Show counts that belong together, each with a link to the accounts that it counts.
 *
 * @param {string} name
 * @param {string} title
 * @param {[import("./types.js").Look, string, number, Partial<import("./types.js").View>][]} counts
 */
function chips(name, title, counts) {
  const links = counts.filter(([, , value]) => value > 0).map(([{ tone, shape }, word, value, view]) =>
    h("a", { class: `chip ${tone}`, href: fragmentOf(view) }, icon(shape), `${word} `, h("b", {}, number(value))),
  );
  return h("div", { class: "chips", role: "group", "aria-labelledby": `${name}-title` }, h("h3", { id: `${name}-title` }, title), h("div", {}, ...links));
}

/**
 * Count the accounts by the state of an aspect.
 *
 * @param {import("./types.js").Aspect} aspect
 * @param {import("./types.js").Status} status
 */
function stateChips({ name, judged }, status) {
  const counts = judged?.countsOf(status);
  if (!judged || !counts) return null;
  return chips(name, judged.countsTitle, Object.entries(judged.states).map(([state, { look, word }]) => [LOOKS[look], word, counts[fieldOf(state)], { [name]: state }]));
}

/**
 * Draw counts as a bar; bars that are compared have the same scale.
 *
 * @param {import("./types.js").CountsOfKind} counts
 * @param {number} most The sum that fills the full width.
 */
function bar(counts, most) {
  const parts = ORDER.filter(([, field]) => counts[field] > 0).map(([verdict, field]) => {
    const part = h("span", { class: `part ${verdict}` });
    part.style.flexGrow = String(counts[field]);
    return part;
  });
  const whole = h("div", { class: "bar", "aria-hidden": "true" }, ...parts);
  whole.style.width = `${(100 * sumOf(counts)) / most}%`;
  return whole;
}

/** @param {import("./types.js").CountsOfKind} counts */
const sumOf = ({ nonCompliant, unknown, compliant }) => nonCompliant + unknown + compliant;

/** @param {import("./types.js").Accounts} accounts */
function kinds(accounts) {
  const most = Math.max(...Object.values(accounts.byKind).map(sumOf));
  const rows = Object.entries(accounts.byKind).map(([kind, counts]) => {
    const words = ORDER.filter(([, field]) => counts[field] > 0).map(([verdict, field]) =>
      h("span", { class: `inline ${verdict}` }, icon(verdict), `${number(counts[field])} ${verdictWord(verdict).toLowerCase()}`),
    );
    return h("li", {}, h("a", { href: fragmentOf({ kind }) }, visible(kind)), bar(counts, most), h("span", { class: "words" }, ...words));
  });
  return h("ul", { class: "kinds", "aria-label": "Accounts by kind" }, ...rows);
}

/** @param {Partial<import("./types.js").View>} view @param {string} text */
const link = (view, text) => h("a", { href: fragmentOf(view) }, text);

/** @param {import("./types.js").Status} status */
function notes(status) {
  const { accounts } = status;
  const ignored = Object.entries(accounts.ignoredByKind);
  const others = ignored.reduce((sum, [, value]) => sum + value, 0);
  const named = ignored.map(([kind, value]) => `${visible(kind)} ${number(value)}`).join(", ");
  return [
    ...ASPECTS.map(({ note }) => note?.(status, link)),
    accounts.unread > 0 &&
      h("p", { class: "note bad" }, `The last scan did not read ${count(accounts.unread, "account")}; the last known verdict counts.`),
    others > 0 &&
      h("p", { class: "note", title: named }, `${count(others, "account")} of other kinds ${others === 1 ? "is" : "are"} not judged: ${named}.`),
  ];
}

/** @param {State} state @returns {import("./dom.js").Child[]} */
function body({ status }) {
  if (!status) return [waiting()];
  const { accounts } = status;
  if (accounts.total === 0) return [h("p", { class: "empty" }, "No account of a kind in scope was found."), ...notes(status)];
  return [
    chips("verdict", count(accounts.total, "account"), ORDER.map(([verdict, field]) => [{ tone: verdict, shape: verdict }, verdictWord(verdict), accounts[field], { verdict }])),
    ...ASPECTS.map((aspect) => stateChips(aspect, status)),
    kinds(accounts),
    ...notes(status),
  ];
}

export const drawAccounts = whenChanged(
  /** @param {State} state */
  (state) => [state.status],
  (state) => fill(at("accounts-body"), ...body(state)),
);
