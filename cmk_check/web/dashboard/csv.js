/**
 * The findings as CSV: the API makes it, with the filters that it has; this joins its pages, and keeps
 * the rows that the page's own filters let through.
 *
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Row} Row
 */

import { Refusal, ask } from "./api.js";
import { h } from "./dom.js";
import { isoDay } from "./format.js";
import { choose } from "./row_selection.js";
import { API_FILTERS, OWN_FILTERS, isFiltered } from "./url_state.js";

const BOM = "\uFEFF";
const LINE = "\r\n";
const HEAD = "id,name,";
// No cell contains a line break. The first one is the id, in quotes if it contains a comma or a quote.
const ID = /^(?:"((?:[^"]|"")*)"|([^",]*)),/;

/**
 * @param {View} view
 * @param {(pages: number) => void} progress
 * @returns {Promise<string>} All pages, with one header row.
 */
async function csvOf(view, progress) {
  const query = new URLSearchParams({ format: "csv", top: "1000" });
  for (const filter of API_FILTERS) if (view[filter].trim() !== "") query.set(filter, view[filter].trim());
  /** @type {string[]} */
  const parts = [];
  /** @type {string | null} */
  let next = `findings?${query}`;
  while (next) {
    const answer = await ask(next, { text: true });
    const text = answer.body.startsWith(BOM) ? answer.body.slice(1) : answer.body;
    if (!text.startsWith(HEAD)) throw new Refusal("error", "The answer was not understood", "It is not a CSV file from this app.");
    // The header row contains no names, so it ends at the first line break.
    parts.push(parts.length === 0 ? text : text.slice(text.indexOf(LINE) + LINE.length));
    progress(parts.length);
    next = answer.next;
  }
  return BOM + parts.join("");
}

/**
 * Keep the header row and the rows of these accounts.
 *
 * @param {string} csv
 * @param {readonly Row[]} rows
 * @throws {Refusal} An account has no row: a file that lacks one must not look complete.
 */
function narrowed(csv, rows) {
  const ids = new Set(rows.map(({ finding }) => finding.id));
  const [head, ...lines] = csv.split(LINE);
  const kept = lines.filter((line) => {
    const [, quoted, plain] = ID.exec(line) ?? [];
    return ids.delete(quoted?.replaceAll('""', '"') ?? plain);
  });
  if (ids.size > 0) throw new Refusal("error", "The findings have changed", "Load the page again, then download again.");
  return [head, ...kept, ""].join(LINE);
}

/**
 * Download the findings that the view shows.
 *
 * @param {import("./types.js").State} state
 * @param {(pages: number) => void} progress
 * @throws {Refusal}
 */
export async function download({ rows, view, now }, progress) {
  const csv = await csvOf(view, progress);
  const text = isFiltered(view, OWN_FILTERS) ? narrowed(csv, choose(rows, view)) : csv;
  const blob = new Blob([text], { type: "text/csv;charset=utf-8" });
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: `cmk-findings-${isoDay(now)}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
