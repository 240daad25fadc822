/**
 * Filtering and sorting. The values to compare are computed once per finding, so that a keystroke costs
 * one pass over strings.
 *
 * @typedef {import("./types.js").Row} Row
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").List} List
 */

import { COLUMNS } from "./columns.js";
import { folded, region } from "./finding_filters.js";
import { inOrder } from "./format.js";
import { ownerOf } from "./owner.js";
import { FILTERS, isFiltered } from "./url_state.js";

/** @param {import("./types.js").Finding} finding @returns {Row} */
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

/** @param {View} view @returns {(row: Row) => boolean} */
function filterOf(view) {
  const tests = FILTERS.filter(({ name }) => isFiltered(view, [name])).map(({ test }) => test(view));
  return (row) => tests.every((fits) => fits(row));
}

/** @param {readonly Row[]} rows @param {Pick<View, "sort" | "order">} view @returns {Row[]} The sorted rows; rows without a value come last. */
function sorted(rows, { sort, order }) {
  const { text: textOf } = COLUMNS.find(({ name }) => name === sort) ?? COLUMNS[0];
  const turn = order === "asc" ? 1 : -1;
  const keyed = rows.map((row) => ({ row, text: textOf(row), since: row.since, name: row.finding.name }));
  keyed.sort(
    (a, b) =>
      Number(a.text === "") - Number(b.text === "") ||
      turn * (
        (a.text === b.text ? 0 : inOrder(a.text, b.text)) ||
        (a.since < b.since ? -1 : Number(a.since > b.since)) ||
        inOrder(a.name, b.name)
      ),
  );
  return keyed.map(({ row }) => row);
}

/** @type {{ rows: readonly Row[], key: string, sorted: readonly Row[] } | null} The rows in the last order. */
let inLastOrder = null;
/** @type {{ list: List, view: View, chosen: Row[] } | null} */
let last = null;

/** Return the rows of the view, sorted unless more rows may follow. @param {List} list @param {View} view @returns {Row[]} */
export function choose(list, view) {
  if (last && last.list === list && last.view === view) return last.chosen;
  const key = list.sortable ? `${view.sort} ${view.order}` : "";
  if (inLastOrder?.rows !== list.rows || inLastOrder.key !== key) {
    inLastOrder = { rows: list.rows, key, sorted: list.sortable ? sorted(list.rows, view) : list.rows };
  }
  const chosen = inLastOrder.sorted.filter(filterOf(view));
  last = { list, view, chosen };
  return chosen;
}
