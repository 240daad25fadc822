/**
 * The table of findings, one line for each account, fifty at a time.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Row} Row
 * @typedef {import("./types.js").Column} Column
 */

import { isOn, toneOf } from "./aspects.js";
import { COLUMNS } from "./columns.js";
import { at, fill, h, whenChanged } from "./dom.js";
import { howMany } from "./filters.js";
import { ROWS } from "./finding_list.js";
import { number, visible } from "./format.js";
import { isLarge } from "./page_state.js";
import { choose } from "./row_selection.js";
import { DEFAULTS, fragmentOf, isFiltered } from "./url_state.js";

/**
 * Return the visible columns: without those of aspects that are off, or that none of these rows has.
 *
 * @param {State} state
 * @param {readonly Row[]} rows
 */
const columnsOf = (state, rows) => COLUMNS.filter(({ name, aspect, text }) => {
  if (!aspect || !isOn(aspect, state)) return !aspect;
  const { judged } = aspect;
  return state.view.sort === name || rows.some((row) => (judged ? judged.applies(row.finding) : text(row) !== ""));
});

/** @param {State} state @param {readonly Column[]} columns @param {(news: Partial<View>) => void} go */
function heads(state, columns, go) {
  const { list, view, printing } = state;
  return columns.map(({ name, head }) => {
    const chosen = view.sort === name;
    // Each verdict is requested separately, so that this order is right before all rows have loaded.
    const sorted = chosen && (list.sortable || name === "verdict");
    // Other orders need all rows of the list, and the app has none but its own.
    const offered = !printing && (!isLarge(state) || list.ended || name === "verdict");
    const turned = chosen && view.order === "asc" ? "desc" : "asc";
    /** @type {() => void} */
    const sort = () => go({ sort: name, order: turned, page: 1 });
    return h("th", { scope: "col", role: "columnheader", class: name === "name" ? "account" : name, "aria-sort": sorted ? (view.order === "asc" ? "ascending" : "descending") : "none" },
      // A browser that prints does not repeat a button on the next page.
      offered ? h("button", { type: "button", "data-key": `sort-${name}`, click: sort }, head, h("span", { class: "direction", "aria-hidden": "true" })) : head,
    );
  });
}

/** Show an account; its name, in the first column, opens it. @param {Row} row @param {View} view @param {State} state @param {readonly Column[]} all */
function line(row, view, state, all) {
  const { id, coverage } = row.finding;
  const finding = id.toLowerCase();
  const [named, ...columns] = all;
  const link = h("a", { href: fragmentOf({ ...view, finding }), "data-key": finding }, ...named.cell(row, state.now));
  return h("tr", { role: "row", class: `${toneOf(row.finding)} ${coverage === "read" ? "" : "old"}` },
    h("th", { scope: "row", role: "rowheader", class: "account" }, link),
    ...columns.map(({ name, head, cell }) => h("td", { role: "cell", class: name, "data-label": head }, ...cell(row, state.now))),
  );
}

/** @param {number} page @param {number} pages @param {boolean} known Whether there are no more. @param {(news: Partial<View>) => void} go */
function pager(page, pages, known, go) {
  if (pages < 2) return null;
  return h("nav", { class: "pager", "aria-label": "Pages of findings" },
    h("button", { type: "button", "data-key": "previous", disabled: page <= 1, click: () => go({ page: page - 1 }) }, "Previous page"),
    h("span", {}, `Page ${number(page)}${known ? ` of ${number(pages)}` : ""}`),
    h("button", { type: "button", "data-key": "next", disabled: page >= pages, click: () => go({ page: page + 1 }) }, "Next page"),
  );
}

/** Show how a partly loaded list is sorted, and offer to load all of it. @param {State} state @param {() => void} loadAll */
function part(state, loadAll) {
  const { list, view, printing } = state;
  if (!isLarge(state) || list.sortable || list.problem !== "") return null;
  if (printing) return h("p", { class: "note" }, `This printout has only the ${number(choose(list, view).length)} loaded accounts.`);
  const order = view.sort === "verdict" ? "Sorted by verdict, then by subscription" : "Sorted by subscription";
  return h("p", { class: "note order" }, `${order}. To sort by other columns, load all of them. `, h("button", { type: "button", "data-key": "load-all", click: loadAll }, "Load all"));
}

/** @param {State} state */
function empty({ list, status, view }) {
  if (list.problem !== "") return `The app refused these filters: ${visible(list.problem)}`;
  if (!list.ended) return "Loading the findings…";
  if (status && status.accounts.total > 0 && isFiltered(view)) return "No account matches these filters.";
  return "No accounts in scope: there is nothing to judge.";
}

/** Open the account of a row that is clicked anywhere, except to follow a link or to select text. @param {Event} event */
function openRow(event) {
  const { target } = event;
  if (!(target instanceof Element) || target.closest("a") || getSelection()?.isCollapsed === false) return;
  const link = target.closest("tr")?.querySelector("a");
  link?.dispatchEvent(new MouseEvent("click", event));
}

/** Return the function that draws the table. @param {(news: Partial<View>) => void} go @param {() => void} loadAll @returns {(state: State) => void} */
export function tableDrawer(go, loadAll) {
  /** @param {State} state */
  const draw = (state) => {
    const { list, view, printing, printedRows } = state;
    const chosen = choose(list, view);
    const columns = columnsOf(state, chosen);
    const { total, exact } = howMany(state);
    const pages = Math.max(1, Math.ceil(total / ROWS) + (exact ? 0 : 1));
    const page = Math.min(view.page, pages);
    const shown = printing ? chosen.slice(0, printedRows) : chosen.slice((page - 1) * ROWS, page * ROWS);
    // A link names only what differs from the defaults.
    const kept = page === view.page ? view : { ...view, page: page === 1 ? DEFAULTS.page : page };
    fill(
      at("findings-body"),
      h("div", { class: "scroll" },
        h("table", { class: "findings", role: "table", "aria-label": "Findings", "aria-rowcount": exact ? total + 1 : -1 },
          h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...heads(state, columns, go))),
          h("tbody", { role: "rowgroup", click: openRow }, ...shown.map((row) => line(row, kept, state, columns))),
        ),
      ),
      shown.length === 0 && h("p", { class: "empty" }, empty(state)),
      pager(page, pages, exact, go),
      part(state, loadAll),
    );
  };
  return whenChanged(
    // Opening the drawer does not change the table.
    (state) => [state.list, state.status, fragmentOf({ ...state.view, finding: "" }), state.printing, Math.floor(state.now / 3_600_000)],
    draw,
  );
}
