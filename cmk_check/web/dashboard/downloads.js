/**
 * The findings as a file, which the API makes with its own filters. For CSV, this module joins the pages
 * and keeps the rows that pass the page's own filters. Workbooks stay unchanged.
 *
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Row} Row
 */

import { Refusal, ask } from "./api.js";
import { h } from "./dom.js";
import { choose } from "./row_selection.js";
import { FILTERS, isFiltered, pathOf } from "./url_state.js";

const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const BOM = "\uFEFF";
const LINE = "\r\n";
const HEAD = "id,name,";
// No cell contains a line break. The first one is the id, in quotes if it contains a comma or a quote.
const ID = /^(?:"((?:[^"]|"")*)"|([^",]*)),/;
/** @param {number} now */
const isoDay = (now) => new Date(now).toISOString().slice(0, 10);
/** The filters that the API lacks. */
const OWN_FILTERS = FILTERS.filter(({ query }) => !query).map(({ name }) => name);

/** Return whether a file of the view needs the page's rows, which must all be loaded. @param {View} view */
export const needsRows = (view) => isFiltered(view, OWN_FILTERS);

/**
 * Load the parts of a file, one after the other.
 *
 * @param {string} link
 * @param {"text" | "blob"} read
 * @param {(part: any) => boolean} isOurs
 * @param {(parts: number) => void} progress
 */
async function partsOf(link, read, isOurs, progress) {
  const parts = [];
  for (let next = /** @type {string | null} */ (link); next; ) {
    const answer = await ask(next, { read });
    if (!isOurs(answer.body)) throw new Refusal("error", "The answer was not understood", "It is not a file from this app.");
    progress(parts.push(answer.body));
    next = answer.next;
  }
  return parts;
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
  if (ids.size > 0) throw new Refusal("error", "The findings have changed", "Reload the page, then download again.");
  return [head, ...kept, ""].join(LINE);
}

/** Let the browser save a file. @param {Blob} file @param {string} name */
function save(file, name) {
  const url = URL.createObjectURL(file);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Download the findings that the view shows. @param {import("./types.js").State} state @param {(pages: number) => void} progress @throws {Refusal} */
export async function downloadCsv({ list, view, now }, progress) {
  const pages = await partsOf(pathOf(view, { format: "csv", top: "1000" }), "text", (text) => text.replace(BOM, "").startsWith(HEAD), progress);
  // The header row contains no names, so it ends at the first line break.
  const csv = BOM + pages.map((text, place) => (place === 0 ? text.replace(BOM, "") : text.slice(text.indexOf(LINE) + LINE.length))).join("");
  if (needsRows(view) && !list.ended) throw new Refusal("error", "Not all accounts are loaded", "Try again.");
  const text = needsRows(view) ? narrowed(csv, choose(list, view)) : csv;
  save(new Blob([text], { type: "text/csv;charset=utf-8" }), `cmk-findings-${isoDay(now)}.csv`);
}

/**
 * Download the findings that the view shows as workbooks, usually a single one.
 *
 * @param {import("./types.js").State} state
 * @param {(workbooks: number) => void} progress
 * @throws {Refusal} Nothing is saved, so that no part looks like the whole.
 */
export async function downloadXlsx({ view, now }, progress) {
  if (needsRows(view)) {
    const text = "Workbooks cannot be filtered by key reason, and cannot leave out owners. Clear these filters, or download the CSV.";
    throw new Refusal("error", "This view has no workbook", text);
  }
  const books = await partsOf(pathOf(view, { format: "xlsx" }), "blob", ({ type }) => type === XLSX, progress);
  books.forEach((book, index) => {
    const part = books.length === 1 ? "" : `-${index + 1}-of-${books.length}`;
    save(book, `cmk-findings-${isoDay(now)}${part}.xlsx`);
  });
}
