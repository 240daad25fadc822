/**
 * Filtering and sorting. The values to compare are computed once per finding, so that a keystroke costs
 * one pass over strings. Filters mean the same as in the API, which makes the files.
 *
 * @typedef {import("./types.js").Row} Row
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Column} Column
 */

import { ACCEPTED, exceptionOf } from "./exceptions.js";
import { inOrder } from "./format.js";
import { codeWord } from "./labels.js";

/** @type {Record<string, number>} */
const WORST_FIRST = { non_compliant: 0, unknown: 1, compliant: 2 };
/** @type {Record<string, number>} */
const WORST_KEY_FIRST = { broken: 0, unknown: 1, at_risk: 2, healthy: 3 };

/**
 * Fold case as the API does, so that "STRASSE" finds "straße".
 *
 * @param {string} text
 */
export const folded = (text) => text.toUpperCase().toLowerCase().replaceAll("ς", "σ");

/**
 * Write a region in one way: Azure calls it both "West Europe" and "westeurope".
 *
 * @param {string | null} text
 */
export const region = (text) => (text ?? "").toLowerCase().replace(/\s/g, "");

/** @param {import("./types.js").Finding} finding */
export const ownerOf = ({ owner }) => owner?.value ?? "";

/**
 * Write the state of a key or of data stores, and its most serious reason; "" where there is none.
 *
 * @param {{ state: string, reasons: { code: string }[] } | null | undefined} judged
 */
const worstOf = (judged) => ({ state: judged?.state ?? "", reason: judged?.reasons[0]?.code ?? "" });

/**
 * @param {import("./types.js").Finding} finding
 * @returns {Row}
 */
export function rowOf(finding) {
  const tags = Object.entries(finding.tags);
  const since = finding.violatedSince ?? finding.changedAt ?? finding.firstSeen ?? "";
  const texts = [finding.name, finding.resourceGroup, finding.subscriptionName ?? "", ...tags.flat()];
  const [key, data] = [worstOf(finding.keyHealth), worstOf(finding.dataStores)];
  return {
    finding,
    haystack: folded(texts.join("\n")),
    location: region(finding.location),
    kind: finding.kind ? finding.kind.toLowerCase() : "unknown",
    key: key.state,
    exception: exceptionOf(finding),
    keyReason: key.reason,
    data: data.state,
    dataReason: data.reason,
    owner: ownerOf(finding),
    since,
    atFirst: since !== "" && since === finding.firstSeen,
  };
}

/** @typedef {"verdict" | "reason" | "kind" | "location" | "subscription" | "keyHealth" | "keyReason" | "dataStores" | "dataReason" | "exception" | "azurePolicy"} Exact */

/** @type {Record<Exact, (row: Row) => string>} What a row must equal, unless the filter is empty. */
const VALUES = {
  verdict: ({ finding }) => finding.verdict,
  reason: ({ finding }) => finding.reason,
  kind: ({ kind }) => kind,
  location: ({ location }) => location,
  subscription: ({ finding }) => finding.subscriptionId.toLowerCase(),
  keyHealth: ({ key }) => key,
  keyReason: ({ keyReason }) => keyReason,
  dataStores: ({ data }) => data,
  dataReason: ({ dataReason }) => dataReason,
  exception: ({ exception }) => exception,
  azurePolicy: ({ finding }) => finding.azurePolicy?.state ?? "",
};

/**
 * @param {View} view
 * @param {Row} row
 */
const fitsException = ({ accepted }, { finding }) =>
  accepted === "" || (Object.hasOwn(ACCEPTED, accepted) && ACCEPTED[accepted].holds(finding, Date.now()));

/**
 * @param {View} view
 * @returns {(row: Row) => boolean}
 */
function filterOf(view) {
  const words = folded(view.q).split(/\s+/).filter(Boolean);
  const wanted = {
    ...view,
    kind: view.kind.toLowerCase(),
    location: region(view.location),
    subscription: view.subscription.toLowerCase(),
  };
  const names = /** @type {Exact[]} */ (Object.keys(VALUES)).filter((name) => wanted[name] !== "");
  return (row) =>
    names.every((name) => wanted[name] === VALUES[name](row)) &&
    fitsException(view, row) &&
    (view.owner === null || view.owner === row.owner) &&
    !view.notOwner.includes(row.owner) &&
    words.every((word) => row.haystack.includes(word));
}

/** @type {Record<Column, (row: Row) => string>} */
const TEXT = {
  name: ({ finding }) => finding.name,
  // Compliant accounts with an unhealthy key come before the others.
  verdict: ({ finding, key }) => `${WORST_FIRST[finding.verdict] ?? 3}${WORST_KEY_FIRST[key] ?? 4}`,
  reason: ({ finding }) => codeWord(finding.reason),
  key: ({ key }) => (key === "" ? "" : String(WORST_KEY_FIRST[key] ?? 4)),
  subscription: ({ finding }) => finding.subscriptionName ?? finding.subscriptionId,
  group: ({ finding }) => finding.resourceGroup,
  kind: ({ finding }) => finding.kind ?? "",
  location: ({ location }) => location,
  owner: ({ owner }) => owner,
  since: ({ since }) => since,
};

/**
 * @param {readonly Row[]} rows
 * @param {Column} column
 * @returns {Row[]} In rising order; rows without a value come last.
 */
function rising(rows, column) {
  const text = TEXT[column];
  const keyed = rows.map((row) => ({ row, text: text(row), since: row.since, name: row.finding.name }));
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
 * @param {Column} column
 */
function falling(up, column) {
  const none = up.findIndex((row) => TEXT[column](row) === "");
  const end = none < 0 ? up.length : none;
  return [...up.slice(0, end).reverse(), ...up.slice(end)];
}

/** @type {WeakMap<readonly Row[], Map<string, Row[]>>} */
const ORDERS = new WeakMap();

/**
 * Sort the rows, once for each order.
 *
 * @param {readonly Row[]} rows
 * @param {View} view
 * @returns {Row[]}
 */
function sorted(rows, { sort, order }) {
  const known = ORDERS.get(rows) ?? new Map();
  ORDERS.set(rows, known);
  if (!known.has(sort)) known.set(sort, rising(rows, sort));
  if (order === "asc") return known.get(sort);
  const key = `${sort} desc`;
  if (!known.has(key)) known.set(key, falling(known.get(sort), sort));
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
