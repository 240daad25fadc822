/**
 * Filtering and sorting. The values to compare are computed once per finding, so that a keystroke costs
 * one pass over strings.
 *
 * @typedef {import("./types.js").Row} Row
 * @typedef {import("./types.js").View} View
 */

import { COLUMNS } from "./columns.js";
import { folded, region } from "./finding_filters.js";
import { inOrder } from "./format.js";
import { ownerOf } from "./owner.js";
import { FILTERS, isFiltered } from "./url_state.js";

/**
 * @param {import("./types.js").Finding} finding
 * @returns {Row}
 */
export function rowOf(finding) {
  const tags = Object.entries(finding.tags);
  const since = finding.violatedSince ?? finding.changedAt ?? finding.firstSeen ?? "";
  const texts = [finding.name, finding.resourceGroup, finding.subscriptionName ?? "", ...tags.flat()];
  return {
    finding,
    haystack: folded(texts.join("\n")),
    location: region(finding.location),
    kind: finding.kind ? finding.kind.toLowerCase() : "unknown",
    owner: ownerOf(finding),
    since,
    atFirst: since !== "" && since === finding.firstSeen,
  };
}

/**
 * @param {View} view
 * @returns {(row: Row) => boolean}
 */
function filterOf(view) {
  const tests = FILTERS.filter(({ name }) => isFiltered(view, [name])).map(({ test }) => test(view));
  return (row) => tests.every((fits) => fits(row));
}

/**
 * @param {readonly Row[]} rows
 * @param {(row: Row) => string} textOf
 * @returns {Row[]} In rising order; rows without a value come last.
 */
function rising(rows, textOf) {
  const keyed = rows.map((row) => ({ row, text: textOf(row), since: row.since, name: row.finding.name }));
  keyed.sort(
    (a, b) =>
      Number(a.text === "") - Number(b.text === "") ||
      (a.text === b.text ? 0 : inOrder(a.text, b.text)) ||
      (a.since < b.since ? -1 : Number(a.since > b.since)) ||
      inOrder(a.name, b.name),
  );
  return keyed.map(({ row }) => row);
}

/**
 * @param {Row[]} up In rising order.
 * @param {(row: Row) => string} textOf
 */
function falling(up, textOf) {
  const end = up.findLastIndex((row) => textOf(row) !== "") + 1;
  return [...up.slice(0, end).reverse(), ...up.slice(end)];
}

/** @type {WeakMap<readonly Row[], Map<string, Row[]>>} */
const ORDERS = new WeakMap();

/**
 * Sort the rows, once for each order.
 *
 * @param {readonly Row[]} rows
 * @param {Pick<View, "sort" | "order">} view
 * @returns {Row[]}
 */
function sorted(rows, { sort, order }) {
  const { text } = COLUMNS.find(({ name }) => name === sort) ?? COLUMNS[0];
  const known = ORDERS.get(rows) ?? new Map();
  ORDERS.set(rows, known);
  const key = `${sort} ${order}`;
  if (!known.has(key)) known.set(key, order === "asc" ? rising(rows, text) : falling(sorted(rows, { sort, order: "asc" }), text));
  return known.get(key);
}

/** @type {{ rows: readonly Row[], view: View, chosen: Row[] } | null} */
let last = null;

/**
 * Return the rows of the view, in its order.
 *
 * @param {readonly Row[]} rows
 * @param {View} view
 * @returns {Row[]}
 */
export function choose(rows, view) {
  if (last && last.rows === rows && last.view === view) return last.chosen;
  const chosen = sorted(rows, view).filter(filterOf(view));
  last = { rows, view, chosen };
  return chosen;
}
