/**
 * The findings as CSV: the API makes it, with the filters of the view; this joins its pages.
 *
 * @typedef {import("./types.js").View} View
 */

import { Refusal, ask } from "./api.js";
import { h } from "./dom.js";
import { isoDay } from "./format.js";
import { FILTERS } from "./url_state.js";

const BOM = "\uFEFF";
const LINE = "\r\n";
const HEAD = "id,name,";

/**
 * @param {View} view
 * @param {(pages: number) => void} progress
 * @returns {Promise<string>} All pages, with one header row.
 */
async function csvOf(view, progress) {
  const query = new URLSearchParams({ format: "csv", top: "1000" });
  for (const filter of FILTERS) if (view[filter].trim() !== "") query.set(filter, view[filter].trim());
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
 * Download the findings that the view shows.
 *
 * @param {View} view
 * @param {number} now
 * @param {(pages: number) => void} progress
 * @throws {import("./api.js").Refusal}
 */
export async function download(view, now, progress) {
  const blob = new Blob([await csvOf(view, progress)], { type: "text/csv;charset=utf-8" });
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: `cmk-findings-${isoDay(now)}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
