/**
 * The columns of the table of findings: heads, sort keys, and cells.
 *
 * @typedef {import("./types.js").Column} Column
 */

import { ASPECTS, toneOf } from "./aspects.js";
import { h, icon } from "./dom.js";
import { day, moment, name, since as elapsed } from "./format.js";
import { codeWord, coverageWord, verdictWord } from "./labels.js";

/** @type {Record<string, number>} */
const WORST_FIRST = { non_compliant: 0, unknown: 1, compliant: 2 };

/** @type {Column["cell"]} */
const verdictCell = ({ finding }) => [h("span", { class: `badge ${toneOf(finding)}` }, icon(toneOf(finding)), verdictWord(finding.verdict))];

/** @type {Column["cell"]} A line has room for one reason, and for notes from the aspects. */
const reasonCell = ({ finding }) => {
  const { coverage, reason } = finding;
  const lastKnown = coverage !== "read" && h("small", { class: "stale", title: coverageWord(coverage) }, "last known");
  return [lastKnown, ...ASPECTS.map(({ lineNote }) => lineNote?.(finding)), codeWord(reason)].filter(Boolean).flatMap((part, place) => (place > 0 ? [" · ", part] : [part]));
};

/** @type {Column["cell"]} */
const sinceCell = ({ since, atFirst }, now) => [
  // The violation may be older than the first scan that saw the account.
  since !== "" && h("span", { class: atFirst && "at-first" }, moment(since, day(since)), " ", h("small", {}, elapsed(since, now, atFirst ? "+" : ""))),
];

/**
 * Return a column that shows the text that it sorts by.
 *
 * @param {string} column
 * @param {string} head
 * @param {Column["text"]} text
 * @param {string} [absent] Shown in place of a missing text.
 * @returns {Column}
 */
const plain = (column, head, text, absent) => ({ name: column, head, text, cell: (row) => [name(text(row), absent)] });

/** @type {readonly Column[]} */
const OWN = [
  plain("name", "Account", ({ finding }) => finding.name),
  {
    name: "verdict",
    head: "Verdict",
    // Compliant accounts with an unhealthy key come before the others.
    text: ({ finding }) => `${WORST_FIRST[finding.verdict] ?? 3}${ASPECTS.map(({ rank }) => rank?.(finding) ?? "").join("")}`,
    cell: verdictCell,
  },
  { name: "reason", head: "Reason", text: ({ finding }) => codeWord(finding.reason), cell: reasonCell },
  plain("subscription", "Subscription", ({ finding }) => finding.subscriptionName ?? finding.subscriptionId),
  plain("group", "Resource group", ({ finding }) => finding.resourceGroup),
  plain("kind", "Kind", ({ finding }) => finding.kind ?? "", "none"),
  plain("location", "Location", ({ location }) => location),
  { name: "since", head: "Since or first seen", text: ({ since }) => since, cell: sinceCell },
];

/** @type {readonly Column[]} The aspects' columns follow each of these. */
export const COLUMNS = OWN.flatMap((column) => [
  column,
  ...ASPECTS.flatMap((aspect) => (aspect.column?.after === column.name ? [{ ...aspect.column, aspect }] : [])),
]);
