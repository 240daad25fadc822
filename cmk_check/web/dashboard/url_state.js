/**
 * The view in the URL fragment: filters, order, and the open account. A fragment never reaches a server
 * or its log, and a link with it shows other people the same view.
 *
 * @typedef {import("./types.js").View} View
 */

import { ASPECTS } from "./aspects.js";
import { COLUMNS } from "./columns.js";
import { OWN, SEARCH } from "./finding_filters.js";

/** All filters of the findings, in the order of links and sentences. */
export const FILTERS = [...OWN, ...ASPECTS.flatMap(({ filters }) => filters), SEARCH];

/** @type {Readonly<View>} The most serious findings come first. */
export const DEFAULTS = Object.freeze({
  .../** @type {any} */ (Object.fromEntries(FILTERS.map(({ name, none }) => [name, none]))),
  gap: "",
  sort: "verdict",
  order: "asc",
  page: 1,
  finding: "",
});

/** The API's limit. */
export const LONGEST_SEARCH = 200;

/** Read a fragment; a missing or wrong part gets its default. @param {string} fragment @returns {View} */
export function viewOf(fragment) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  const given = FILTERS.map(({ name, none }) => [name, Array.isArray(none) ? parts.getAll(name) : parts.get(name) ?? none]);
  /** @type {View} */
  const view = { ...DEFAULTS, ...Object.fromEntries(given), gap: parts.get("gap") ?? "" };
  view.q = view.q.slice(0, LONGEST_SEARCH);
  view.finding = (parts.get("finding") ?? "").toLowerCase();
  const sort = COLUMNS.find(({ name }) => name === parts.get("sort"));
  if (sort) view.sort = sort.name;
  if (parts.get("order") === "desc") view.order = "desc";
  const page = Number(parts.get("page"));
  if (Number.isSafeInteger(page) && page > 0) view.page = page;
  return view;
}

/** Write a view as a fragment; "#" is the default view. @param {Partial<View>} view @returns {string} */
export function fragmentOf(view) {
  const parts = [];
  for (const [key, standard] of Object.entries(DEFAULTS)) {
    const value = view[/** @type {keyof View} */ (key)];
    if (value === undefined || value === null || value === standard) continue;
    for (const each of [value].flat()) {
      parts.push(`${key}=${encodeURIComponent(String(each).toWellFormed()).replaceAll("%2F", "/")}`);
    }
  }
  return `#${parts.join("&")}`;
}

/** Return whether any of these filters is set. @param {View} view @param {readonly (keyof View)[]} [names] */
export const isFiltered = (view, names = FILTERS.map(({ name }) => name)) =>
  fragmentOf(Object.fromEntries(names.map((name) => [name, view[name]]))) !== "#";

/** Return the API path for the findings of a view, with the filters that the API has. @param {View} view @param {Record<string, string>} format */
export function pathOf(view, format) {
  const query = new URLSearchParams(format);
  const wanted = FILTERS.flatMap((filter) => filter.query?.(view) ?? []);
  for (const [name, value] of wanted) if (value !== "") query.set(name, value);
  return `findings?${query}`;
}

const KEPT = "cmk-fragment";

/** Keep the view while the visitor signs in, because the sign-in loses the URL fragment. */
export const keepFragment = () => sessionStorage.setItem(KEPT, location.hash);

/** Restore the view from before the sign-in. */
export function restoreFragment() {
  const kept = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (kept && location.hash.length < 2) history.replaceState(null, "", kept);
}
