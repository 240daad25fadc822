/**
 * The view in the fragment of the URL: filters, order, and the open account. A fragment never reaches
 * a server or its log, and a link with it shows other people the same view.
 *
 * @typedef {import("./types.js").View} View
 */

/** @type {readonly import("./types.js").Column[]} */
export const COLUMNS = [
  "name", "verdict", "reason", "key", "subscription", "group", "kind", "location", "owner", "since",
];

/** @type {Readonly<View>} The most serious findings come first. */
export const DEFAULTS = Object.freeze({
  verdict: "",
  reason: "",
  kind: "",
  location: "",
  subscription: "",
  keyHealth: "",
  azurePolicy: "",
  keyReason: "",
  dataStores: "",
  dataReason: "",
  exception: "",
  accepted: "",
  owner: null,
  notOwner: Object.freeze([]),
  q: "",
  gap: "",
  sort: "verdict",
  order: "asc",
  page: 1,
  finding: "",
});

/** The filters that the API has too, by the same names. */
export const API_FILTERS = /** @type {const} */ (["verdict", "reason", "kind", "location", "subscription", "keyHealth", "dataStores", "exception", "azurePolicy", "q"]);

/** The filters that only the page has. */
export const OWN_FILTERS = /** @type {const} */ (["keyReason", "dataReason", "accepted", "notOwner"]);

/** All filters of the findings. The API splits the owner: it may be a name, or nobody. */
export const FILTERS = /** @type {const} */ ([...API_FILTERS, "owner", ...OWN_FILTERS]);

const TEXTS = /** @type {const} */ ([...API_FILTERS, "keyReason", "dataReason", "accepted", "gap"]);

/** The limit of the API. */
export const LONGEST_SEARCH = 200;

/**
 * Read a fragment; a missing or wrong part gets its default.
 *
 * @param {string} fragment
 * @returns {View}
 */
export function viewOf(fragment) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  /** @type {View} */
  const view = { ...DEFAULTS };
  for (const part of TEXTS) view[part] = parts.get(part) ?? "";
  view.owner = parts.get("owner");
  view.notOwner = parts.getAll("notOwner");
  view.q = view.q.slice(0, LONGEST_SEARCH);
  view.finding = (parts.get("finding") ?? "").toLowerCase();
  const sort = COLUMNS.find((column) => column === parts.get("sort"));
  if (sort) view.sort = sort;
  if (parts.get("order") === "desc") view.order = "desc";
  const page = Number(parts.get("page"));
  if (Number.isSafeInteger(page) && page > 0) view.page = page;
  return view;
}

/**
 * Write a view as a fragment; "#" is the default view.
 *
 * @param {Partial<View>} view
 * @returns {string}
 */
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

/**
 * Return whether any of these filters is set.
 *
 * @param {View} view
 * @param {readonly (keyof View)[]} [filters]
 */
export const isFiltered = (view, filters = FILTERS) =>
  fragmentOf(Object.fromEntries(filters.map((filter) => [filter, view[filter]]))) !== "#";

const KEPT = "cmk-fragment";

/** Keep the view while its visitor signs in, which loses the fragment of the URL. */
export const keepFragment = () => sessionStorage.setItem(KEPT, location.hash);

/** Restore the view from before the sign-in. */
export function restoreFragment() {
  const kept = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (kept && location.hash.length < 2) history.replaceState(null, "", kept);
}
