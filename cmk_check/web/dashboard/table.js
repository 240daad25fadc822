/**
 * The table of findings, fifty rows at a time, so that it stays fast with thousands of accounts.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Row} Row
 */

import { isOn } from "./aspects.js";
import { COLUMNS } from "./columns.js";
import { at, fill, h, whenChanged } from "./dom.js";
import { number } from "./format.js";
import { choose } from "./row_selection.js";
import { DEFAULTS, fragmentOf, isFiltered } from "./url_state.js";

export const ROWS = 50;

/**
 * The columns that are shown: none of what the settings switch off.
 *
 * @param {State} state
 */
const columnsOf = (state) => COLUMNS.filter(({ aspect }) => !aspect || isOn(aspect, state));

/**
 * @param {State} state
 * @param {(news: Partial<View>) => void} go
 */
function heads(state, go) {
  const { view, printing } = state;
  return columnsOf(state).map(({ name, head }) => {
    const sorted = view.sort === name;
    const turned = sorted && view.order === "asc" ? "desc" : "asc";
    /** @type {() => void} */
    const sort = () => go({ sort: name, order: turned, page: 1 });
    return h(
      "th",
      { scope: "col", role: "columnheader", "aria-sort": sorted ? (view.order === "asc" ? "ascending" : "descending") : "none" },
      // A browser that prints does not repeat a button on the next page.
      printing ? head : h("button", { type: "button", "data-key": `sort-${name}`, click: sort }, head, h("span", { class: "direction", "aria-hidden": "true" })),
    );
  });
}

/**
 * Show an account; its name, in the first column, opens it.
 *
 * @param {Row} row
 * @param {View} view
 * @param {State} state
 */
function line(row, view, state) {
  const { id, verdict, coverage } = row.finding;
  const finding = id.toLowerCase();
  const [named, ...columns] = columnsOf(state);
  const link = h("a", { href: fragmentOf({ ...view, finding }), "data-key": finding }, ...named.cell(row, state.now));
  return h(
    "tr",
    { role: "row", class: `${verdict} ${coverage === "read" ? "" : "old"}` },
    h("th", { scope: "row", role: "rowheader", class: "account" }, link),
    ...columns.map(({ name, head, cell }) => h("td", { role: "cell", class: name, "data-label": head }, ...cell(row, state.now))),
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
    const { rows, view, printing, printedRows } = state;
    const chosen = choose(rows, view);
    const pages = Math.max(1, Math.ceil(chosen.length / ROWS));
    const page = Math.min(view.page, pages);
    const shown = printing ? chosen.slice(0, printedRows) : chosen.slice((page - 1) * ROWS, page * ROWS);
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
          h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...heads(state, go))),
          h("tbody", { role: "rowgroup", click: openRow }, ...shown.map((row) => line(row, kept, state))),
        ),
      ),
      chosen.length === 0 && h("p", { class: "empty" }, empty(state)),
      pager(page, pages, go),
    );
  };
  return whenChanged(
    // An open drawer does not change the table.
    (state) => [state.rows, state.complete, state.status?.asOf, columnsOf(state).length, fragmentOf({ ...state.view, finding: "" }), state.printing, Math.floor(state.now / 3_600_000)],
    draw,
  );
}
