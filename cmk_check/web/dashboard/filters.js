/**
 * The part above the table: search, filters, and how many accounts match.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Row} Row
 */

import { ASPECTS, isOn } from "./aspects.js";
import { at, fill, h, whenChanged } from "./dom.js";
import { count, inOrder, number, visible, within } from "./format.js";
import { OWN } from "./finding_filters.js";
import { choose } from "./row_selection.js";
import { FILTERS, isFiltered } from "./url_state.js";

const search = () => /** @type {HTMLInputElement} */ (at("q"));

/** The selects in the order of the page, with their labels. */
const FIELDS = [...OWN, ...ASPECTS.flatMap((aspect) => aspect.filters)].flatMap(({ name, select }) => {
  if (!select) return [];
  const box = h("select", { id: name });
  return [{ name, select, box, label: h("label", {}, `${select.label} `, box) }];
});
at("more-filters").after(...FIELDS.map(({ label }) => label));

/**
 * @param {import("./types.js").Select} select
 * @param {readonly Row[]} rows
 * @returns {[string, string][]} Values with their texts, by text.
 */
function optionsOf({ options, value, text }, rows) {
  if (options || !value || !text) return options ?? [];
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const row of rows) {
    const key = value(row);
    if (key !== "" && !found.has(key)) found.set(key, text(row));
  }
  return [...found].sort(([, a], [, b]) => inOrder(a, b));
}

/** @type {(state: State) => void} */
const drawOptions = whenChanged(
  ({ rows }) => [rows],
  ({ rows }) => {
    for (const { select, box } of FIELDS) {
      const options = optionsOf(select, rows).map(([value, text]) => h("option", { value }, text));
      fill(box, h("option", { value: "" }, select.all), ...options);
    }
  },
);

/** @type {(state: State) => void} */
const drawValues = whenChanged(
  ({ rows, view }) => [rows, view],
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
  },
);

/** @param {State} state */
function counted({ rows, view, complete, status }) {
  if (!complete) {
    const total = status?.accounts.total ?? 0;
    return `Loading: ${number(rows.length)} of ${number(Math.max(total, rows.length))} accounts`;
  }
  return `${number(choose(rows, view).length)} of ${count(rows.length, "account")}`;
}

/**
 * Describe the filters: readers of a printed list must see that it is only a part, and some filters
 * have no field.
 *
 * @param {View} view
 */
function filtered(view) {
  const chosen = FILTERS.map(({ name }) => {
    const field = FIELDS.find((each) => each.name === name && each.box.value !== "");
    return field && `${field.select.term ?? name} is ${within(field.box.selectedOptions[0]?.textContent ?? "")}`;
  });
  const others = FILTERS.map(({ name, words }) => isFiltered(view, [name]) && words?.(view));
  const parts = [...chosen, ...others].filter(Boolean);
  return parts.length > 0 ? `Filtered: ${parts.join("; ")}.` : "";
}

/** @param {State} state */
export function drawFilters(state) {
  // A link may filter by key health where key health is off: show the filter, so that people can remove it.
  for (const { name, label } of FIELDS) {
    const aspect = ASPECTS.find((each) => each.name === name);
    label.hidden = aspect !== undefined && !isOn(aspect, state) && !isFiltered(state.view, [name]);
  }
  drawOptions(state);
  drawValues(state);
  const text = counted(state);
  if (at("findings-count").textContent !== text) fill(at("findings-count"), text);
  const filters = filtered(state.view);
  if (at("filtered").textContent !== filters) fill(at("filtered"), filters);
  if (at("notice").textContent !== state.notice) fill(at("notice"), state.notice);
}

/**
 * Let the filters set the view.
 *
 * @param {(news: Partial<View>, replace?: boolean) => void} go
 */
export function watchFilters(go) {
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  // A history entry for each letter would make the Back button useless.
  search().addEventListener("input", () => go({ q: search().value, page: 1 }, true));
  for (const { name, select, box } of FIELDS) {
    box.addEventListener("change", () => go({ [name]: select.ofOption ? select.ofOption(box.value) : box.value, page: 1 }));
  }
  // On a phone the fields would fill a screen before the first account.
  at("more-filters").addEventListener("click", () => {
    const open = at("filters").classList.toggle("open");
    at("more-filters").setAttribute("aria-expanded", String(open));
  });
  at("clear").addEventListener("click", () => {
    search().value = "";
    search().focus();
    go({ ...Object.fromEntries(FILTERS.map(({ name, none }) => [name, none])), page: 1 });
  });
}
