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
  q: "",
  sort: "verdict",
  order: "asc",
  page: 1,
  finding: "",
});

/** @type {readonly ("verdict" | "reason" | "kind" | "location" | "subscription" | "keyHealth" | "q")[]} */
export const FILTERS = ["verdict", "reason", "kind", "location", "subscription", "keyHealth", "q"];

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
  const view = { ...DEFAULTS };
  for (const filter of FILTERS) view[filter] = parts.get(filter) ?? "";
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
    if (value === undefined || value === standard) continue;
    parts.push(`${key}=${encodeURIComponent(value).replaceAll("%2F", "/")}`);
  }
  return `#${parts.join("&")}`;
}

/**
 * Return whether any filter is set.
 *
 * @param {View} view
 */
export const isFiltered = (view) => FILTERS.some((filter) => view[filter] !== "");
