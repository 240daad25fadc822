/**
 * The filters of the findings, with the same meaning as in the API, which makes the files.
 *
 * @typedef {import("./types.js").Filter} Filter
 * @typedef {import("./types.js").TextFilter} TextFilter
 * @typedef {import("./types.js").Finding} Finding
 */

import { visible, within } from "./format.js";
import { codeWord, midway, verdictWord } from "./labels.js";

/** Fold case as the API does, so that "STRASSE" finds "straße". @param {string} text */
export const folded = (text) => text.toUpperCase().toLowerCase().replaceAll("ς", "σ");

/** Normalise a region: Azure uses both "West Europe" and "westeurope". @param {string | null} text */
export const region = (text) => (text ?? "").toLowerCase().replace(/\s/g, "");

/** @param {string} text */
const lower = (text) => text.toLowerCase();

/**
 * Filter rows by an exact value, with a select.
 *
 * @param {TextFilter} name
 * @param {(row: import("./types.js").Row) => string} valueOf
 * @param {import("./types.js").Select} select
 * @param {(wanted: string) => string} fold Normalises a wanted value for comparison.
 * @returns {Filter}
 */
export const byValue = (name, valueOf, select, fold = (wanted) => wanted) => ({
  name,
  none: "",
  query: (view) => [[name, view[name].trim()]],
  select: { value: valueOf, ...select },
  test: (view) => {
    const wanted = fold(view[name]);
    return (row) => valueOf(row) === wanted;
  },
});

/**
 * Filter rows by the state of an aspect; all states can be chosen, even if no account has them.
 *
 * @template {string} State
 * @param {TextFilter} name
 * @param {Record<NoInfer<State>, { word: string }>} states
 * @param {(finding: Finding) => State | ""} stateOf
 * @param {{ label: string, all: string, term?: string }} words
 */
export const byState = (name, states, stateOf, words) => {
  const options = Object.entries(states).map(([state, { word }]) => /** @type {[string, string]} */ ([state, word]));
  return byValue(name, ({ finding }) => stateOf(finding), { ...words, options });
};

/**
 * Filter rows by a state, and by its most serious reason; the API has no filter by reason.
 *
 * @template {string} State
 * @param {TextFilter} name
 * @param {TextFilter} reason
 * @param {import("./types.js").AspectStates<NoInfer<State>>} states
 * @param {(finding: Finding) => import("./types.js").Side<State> | null} sideOf
 * @param {{ label: string, all: string, term: string }} words
 * @returns {Filter[]}
 */
export const byStateAndReason = (name, reason, states, sideOf, words) => [
  byState(name, states, (finding) => sideOf(finding)?.state ?? "", words),
  {
    name: reason,
    none: "",
    words: (view) => `${words.label}: ${within(midway(codeWord(view[reason])))} first`,
    test: (view) => ({ finding }) => sideOf(finding)?.reasons[0]?.code === view[reason],
  },
];

/** @type {[string, string][]} All verdicts, even if no account has them. */
const VERDICTS = ["non_compliant", "unknown", "compliant"].map((verdict) => [verdict, verdictWord(verdict)]);

/** The filters that are neither aspects nor the search. */
export const OWN = [
  byValue("verdict", ({ finding }) => finding.verdict, { label: "Verdict", all: "All verdicts", options: VERDICTS }),
  byValue("reason", ({ finding }) => finding.reason, { label: "Reason", all: "All reasons", text: ({ finding }) => codeWord(finding.reason), known: ({ catalogue }) => [...(catalogue?.values() ?? [])].filter(({ area }) => area === "verdict").map(({ code }) => [code, codeWord(code)]) }),
  byValue("kind", ({ kind }) => kind, {
    label: "Kind",
    all: "All kinds",
    value: ({ finding, kind }) => finding.kind ?? kind,
    text: ({ finding }) => visible(finding.kind ?? "Without a kind"),
    known: ({ status }) => Object.keys(status?.accounts.byKind ?? {}).map((kind) => [kind, visible(kind)]),
  }, lower),
  byValue("location", ({ location }) => location, { label: "Location", all: "All locations", text: ({ location }) => visible(location) }, region),
  byValue("subscription", ({ finding }) => finding.subscriptionId.toLowerCase(), {
    label: "Subscription",
    all: "All subscriptions",
    value: ({ finding }) => finding.subscriptionId,
    text: ({ finding }) => visible(finding.subscriptionName ?? finding.subscriptionId),
    known: ({ subscriptions }) => (subscriptions ?? []).map(({ subscriptionId: id, name }) => [id, visible(name ?? id)]),
  }, lower),
];

/** @type {Filter} */
export const SEARCH = {
  name: "q",
  none: "",
  query: ({ q }) => [["q", q.trim()]],
  words: ({ q }) => (q.trim() === "" ? "" : `Search: ${within(q.trim())}`),
  test: ({ q }) => {
    const words = folded(q).split(/\s+/).filter(Boolean);
    return ({ haystack }) => words.every((word) => haystack.includes(word));
  },
};
