/**
 * The part above the table: search, filters, chips for the active filters, and how many accounts match.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").View} View
 */

import { fieldOf } from "./aspect_states.js";
import { ASPECTS, isOn } from "./aspects.js";
import { at, fill, h, whenChanged } from "./dom.js";
import { count, inOrder, number, visible } from "./format.js";
import { OWN } from "./finding_filters.js";
import { isLarge } from "./page_state.js";
import { choose } from "./row_selection.js";
import { FILTERS, isFiltered } from "./url_state.js";

const search = () => /** @type {HTMLInputElement} */ (at("q"));

/** The selects in the order of the page, with their labels. */
const FIELDS = [...OWN, ...ASPECTS.flatMap((aspect) => aspect.filters)].flatMap(({ name, select }) => {
  if (!select) return [];
  const box = h("select", { id: name });
  /** @type {Map<string, string>} Values with their texts. */
  const seen = new Map();
  return [{ name, select, box, seen, label: h("label", {}, `${select.label} `, box) }];
});
at("fields").prepend(...FIELDS.map(({ label }) => label));

/** @param {typeof FIELDS[number]} field @param {State} state @returns {[string, string][]} Values with their texts, by text. */
function optionsOf({ select: { options, value, text, known }, seen }, state) {
  if (options || !value || !text) return options ?? [];
  // A large estate shows only some rows at a time, but the values of other rows must remain choices.
  if (isLarge(state)) known?.(state).forEach(([key, words]) => seen.set(key, words));
  else seen.clear();
  for (const row of state.list.rows) {
    const key = value(row);
    if (key !== "" && !seen.has(key)) seen.set(key, text(row));
  }
  return [...seen].sort(([, a], [, b]) => inOrder(a, b));
}

/** @type {(state: State) => void} */
const drawOptions = whenChanged(
  (state) => [state.list.rows, state.status, state.catalogue, state.owners, state.subscriptions],
  (state) => {
    for (const field of FIELDS) {
      const options = optionsOf(field, state).map(([value, text]) => h("option", { value }, text));
      fill(field.box, h("option", { value: "" }, field.select.all), ...options);
    }
  },
);

/** @type {(state: State) => void} */
const drawValues = whenChanged(
  ({ list, status, catalogue, owners, subscriptions, view }) => [list.rows, status, catalogue, owners, subscriptions, view],
  ({ view }) => {
    for (const { name, select, box } of FIELDS) {
      const wanted = select.toOption ? select.toOption(view) : String(view[name]);
      const options = [...box.options];
      const same = options.find(({ value }) => value === wanted)
        ?? options.find(({ value }) => !select.toOption && value.toLowerCase() === wanted.toLowerCase());
      if (!same) box.append(h("option", { value: wanted }, visible(String(view[name] || "Without an owner"))));
      box.value = same?.value ?? wanted;
    }
    if (search().value !== view.q && document.activeElement !== search()) search().value = view.q;
    const focused = at("filtered").contains(document.activeElement);
    const set = chips(view);
    fill(at("filtered"), ...set);
    at("filtered-by").hidden = set.length === 0;
    // The chip that had the focus is gone.
    if (focused && !at("filtered").contains(document.activeElement)) at("more-filters").focus();
  },
);

/**
 * Return the status's count of accounts for the only active filter, undefined if there is none.
 *
 * @param {import("./types.js").Status} status
 * @param {View} view
 * @returns {number | undefined}
 */
function countedBy(status, view) {
  const { byKind, ...accounts } = status.accounts;
  const [name, ...others] = FILTERS.map((filter) => filter.name).filter((each) => isFiltered(view, [each]));
  if (name === undefined || others.length > 0) return name === undefined ? accounts.total : undefined;
  const ofKind = Object.hasOwn(byKind, view.kind) ? byKind[view.kind] : null;
  if (ofKind) return ofKind.compliant + ofKind.nonCompliant + ofKind.unknown;
  /** @type {Record<string, any>} */
  const counts = name === "verdict" ? accounts : { ...ASPECTS.find((aspect) => aspect.name === name)?.judged?.countsOf(status), unknown: NaN };
  // An aspect that was never read counts as unknown, but no filter finds it.
  return counts[fieldOf(String(view[name]))];
}

/** Return the number of matching accounts, or its lower bound. @param {State} state @returns {{ total: number, exact: boolean }} */
export function howMany({ list, status, view }) {
  const found = choose(list, view).length;
  const known = list.ended || !status ? NaN : countedBy(status, view) ?? NaN;
  return Number.isNaN(known) ? { total: found, exact: list.ended } : { total: Math.max(known, found), exact: true };
}

/** @param {State} state */
function counted(state) {
  const all = Math.max(state.status?.accounts.total ?? 0, state.list.rows.length);
  if (!isLarge(state)) {
    if (!state.list.ended) return `Loading: ${number(state.list.rows.length)} of ${number(all)} accounts`;
    return `${number(howMany(state).total)} of ${count(state.list.rows.length, "account")}`;
  }
  const { total, exact } = howMany(state);
  return `${exact ? "" : "At least "}${number(total)} of ${count(all, "account")}`;
}

/** Show each active filter, with a button that removes it. Readers of a printed list must also see that it is filtered. @param {View} view */
function chips(view) {
  return FILTERS.filter(({ name }) => isFiltered(view, [name])).flatMap(({ name, words }) => {
    const field = FIELDS.find((each) => each.name === name);
    const text = field ? `${field.select.label}: ${field.box.selectedOptions[0]?.textContent ?? ""}` : words?.(view) ?? "";
    if (text === "") return [];
    const cross = h("span", { class: "cross", "aria-hidden": "true" }, "×");
    return [h("li", {}, h("button", { type: "button", class: "set-filter", "data-key": name }, h("span", { class: "unseen" }, "Remove the filter "), text, cross))];
  });
}

/** @param {State} state */
export function drawFilters(state) {
  // A link may filter by key health although it is off: show the filter, so that people can remove it.
  for (const { name, label } of FIELDS) {
    const aspect = ASPECTS.find((each) => each.name === name);
    label.hidden = aspect !== undefined && !isOn(aspect, state) && !isFiltered(state.view, [name]);
  }
  drawOptions(state);
  drawValues(state);
  at("fields-note").hidden = !isLarge(state);
  const text = counted(state);
  if (at("findings-count").textContent !== text) fill(at("findings-count"), text);
  if (at("notice").textContent !== state.notice) fill(at("notice"), state.notice);
}

/** Let the filters set the view. @param {(news: Partial<View>, replace?: boolean) => void} go @param {() => unknown} prepare Called before they are shown. */
export function watchFilters(go, prepare) {
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  // A history entry for each letter would make the Back button useless.
  search().addEventListener("input", () => go({ q: search().value, page: 1 }, true));
  for (const { name, select, box } of FIELDS) {
    box.addEventListener("change", () => go({ [name]: select.ofOption ? select.ofOption(box.value) : box.value, page: 1 }));
  }
  at("more-filters").addEventListener("click", () => {
    const open = at("fields").toggleAttribute("hidden") === false;
    at("more-filters").setAttribute("aria-expanded", String(open));
    if (open) prepare();
  });
  at("filtered").addEventListener("click", ({ target }) => {
    const chip = target instanceof Element ? target.closest("button")?.dataset.key : null;
    const filter = FILTERS.find(({ name }) => name === chip);
    if (filter?.name === "q") search().value = "";
    if (filter) go({ [filter.name]: filter.none, page: 1 });
  });
  at("clear").addEventListener("click", () => {
    search().value = "";
    search().focus();
    go({ ...Object.fromEntries(FILTERS.map(({ name, none }) => [name, none])), page: 1 });
  });
}
