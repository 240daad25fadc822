/**
 * The table of findings, fifty rows at a time, so that it stays fast with thousands of accounts.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Row} Row
 * @typedef {import("./types.js").Column} Column
 */

import { at, fill, h, icon, whenChanged } from "./dom.js";
import { exceptionNote } from "./exceptions.js";
import { day, moment, name, number, since as elapsed } from "./format.js";
import { hasKeys, keyCell } from "./keys.js";
import { choose } from "./row_selection.js";
import { COLUMNS, DEFAULTS, fragmentOf, isFiltered } from "./url_state.js";
import { codeWord, coverageWord, verdictWord } from "./labels.js";

export const ROWS = 50;

/** @type {Record<Column, string>} */
const HEADS = {
  name: "Account",
  verdict: "Verdict",
  reason: "Reason",
  key: "Key",
  subscription: "Subscription",
  group: "Resource group",
  kind: "Kind",
  location: "Location",
  owner: "Owner",
  since: "Since",
};

/**
 * @param {State} state
 * @param {boolean} keyed Whether keys are checked.
 * @param {(news: Partial<View>) => void} go
 */
function head({ view, printing }, keyed, go) {
  return COLUMNS.filter((column) => keyed || column !== "key").map((column) => {
    const sorted = view.sort === column;
    const turned = sorted && view.order === "asc" ? "desc" : "asc";
    /** @type {() => void} */
    const sort = () => go({ sort: column, order: turned, page: 1 });
    return h(
      "th",
      { scope: "col", role: "columnheader", "aria-sort": sorted ? (view.order === "asc" ? "ascending" : "descending") : "none" },
      // A browser that prints does not repeat a button on the next page.
      printing ? HEADS[column] : h("button", { type: "button", "data-key": `sort-${column}`, click: sort }, HEADS[column], h("span", { class: "direction", "aria-hidden": "true" })),
    );
  });
}

/**
 * @param {Column} column
 * @param {...import("./dom.js").Child} children
 */
const cell = (column, ...children) =>
  h("td", { role: "cell", class: column, "data-label": HEADS[column] }, ...children);

/**
 * @param {Row} row
 * @param {View} view
 * @param {boolean} keyed
 * @param {number} now
 */
function line({ finding, location, owner, since, atFirst }, view, keyed, now) {
  const old = finding.coverage !== "read";
  const created = finding.evidence.createdAt;
  const link = h("a", { href: fragmentOf({ ...view, finding: finding.id.toLowerCase() }), "data-key": finding.id.toLowerCase() }, name(finding.name));
  return h(
    "tr",
    { role: "row", class: `${finding.verdict} ${old ? "old" : ""}` },
    h("th", { scope: "row", role: "rowheader", class: "account" }, link),
    cell("verdict", h("span", { class: `badge ${finding.verdict}` }, icon(finding.verdict), verdictWord(finding.verdict)), exceptionNote(finding), old && h("small", { class: "stale", title: coverageWord(finding.coverage) }, "last known")),
    cell("reason", codeWord(finding.reason)),
    keyed && cell("key", ...keyCell(finding)),
    cell("subscription", name(finding.subscriptionName ?? finding.subscriptionId)),
    cell("group", name(finding.resourceGroup)),
    cell("kind", name(finding.kind, "none")),
    cell("location", name(location)),
    cell("owner", name(owner, "no owner")),
    cell(
      "since",
      since !== "" && h("span", { class: atFirst && "at-first" }, moment(since, day(since)), h("small", {}, atFirst && "first seen, ", elapsed(since, now))),
      created && h("small", {}, "created ", moment(created, day(created))),
    ),
  );
}

/**
 * @param {number} page
 * @param {number} pages
 * @param {(news: Partial<View>) => void} go
 */
function pager(page, pages, go) {
  if (pages < 2) return null;
  return h(
    "nav",
    { class: "pager", "aria-label": "Pages of findings" },
    h("button", { type: "button", "data-key": "previous", disabled: page <= 1, click: () => go({ page: page - 1 }) }, "Previous page"),
    h("span", {}, `Page ${number(page)} of ${number(pages)}`),
    h("button", { type: "button", "data-key": "next", disabled: page >= pages, click: () => go({ page: page + 1 }) }, "Next page"),
  );
}

/** @param {State} state */
function empty({ complete, status, rows, view }) {
  if (!complete) return "Loading the findings…";
  if (rows.length > 0 && isFiltered(view)) return "No account matches these filters.";
  if (status?.asOf === null) return "No scan has finished yet. Findings appear after the first one.";
  return "No accounts in scope: there is nothing to judge.";
}

/**
 * Open the account of a row that is clicked anywhere, except to follow a link or to select text.
 *
 * @param {Event} event
 */
function openRow(event) {
  const { target } = event;
  if (!(target instanceof Element) || target.closest("a") || getSelection()?.isCollapsed === false) return;
  const link = target.closest("tr")?.querySelector("a");
  link?.dispatchEvent(new MouseEvent("click", event));
}

/**
 * Return the function that draws the table.
 *
 * @param {(news: Partial<View>) => void} go
 * @returns {(state: State) => void}
 */
export function tableDrawer(go) {
  /** @param {State} state */
  const draw = (state) => {
    const { rows, view, now, printing } = state;
    const keyed = hasKeys(state.status);
    const chosen = choose(rows, view);
    const pages = Math.max(1, Math.ceil(chosen.length / ROWS));
    const page = Math.min(view.page, pages);
    const shown = printing ? chosen : chosen.slice((page - 1) * ROWS, page * ROWS);
    // A link names only what differs from the defaults.
    const kept = page === view.page ? view : { ...view, page: page === 1 ? DEFAULTS.page : page };
    fill(
      at("findings-body"),
      h(
        "div",
        { class: "scroll" },
        h(
          "table",
          { class: "findings", role: "table", "aria-label": "Findings", "aria-rowcount": chosen.length + 1 },
          h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...head(state, keyed, go))),
          h("tbody", { role: "rowgroup", click: openRow }, ...shown.map((row) => line(row, kept, keyed, now))),
        ),
      ),
      chosen.length === 0 && h("p", { class: "empty" }, empty(state)),
      pager(page, pages, go),
    );
  };
  return whenChanged(
    (state) => [state.rows, state.complete, state.status?.asOf, hasKeys(state.status), listed(state.view), state.printing, Math.floor(state.now / 3_600_000)],
    draw,
  );
}

/**
 * Write the part of the view that the table depends on: an open drawer does not change it.
 *
 * @param {View} view
 */
const listed = (view) => fragmentOf({ ...view, finding: "" });
