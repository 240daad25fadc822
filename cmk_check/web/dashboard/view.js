/**
 * The view that the fragment of the URL says: what is filtered, sorted, opened. A fragment never
 * reaches a server or its log, and a link with it shows another person the same.
 *
 * @typedef {import("./types.js").View} View
 */

/** @type {readonly import("./types.js").Column[]} */
export const COLUMNS = [
  "name", "verdict", "reason", "key", "subscription", "group", "kind", "location", "owner", "since",
];

/** @type {Readonly<View>} The worst comes first. */
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

/** As long as the API takes it. */
export const LONGEST_SEARCH = 200;

/**
 * Read a fragment; what it does not say, or says wrong, is as if it were left out.
 *
 * @param {string} fragment
 * @returns {View}
 */
export function viewOf(fragment) {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const view = { ...DEFAULTS };
  for (const filter of FILTERS) view[filter] = given.get(filter) ?? "";
  view.q = view.q.slice(0, LONGEST_SEARCH);
  view.finding = (given.get("finding") ?? "").toLowerCase();
  const sort = COLUMNS.find((column) => column === given.get("sort"));
  if (sort) view.sort = sort;
  if (given.get("order") === "desc") view.order = "desc";
  const page = Number(given.get("page"));
  if (Number.isSafeInteger(page) && page > 0) view.page = page;
  return view;
}

/**
 * Write a view as a fragment, "#" where it is the usual one.
 *
 * @param {Partial<View>} view
 * @returns {string}
 */
export function fragmentOf(view) {
  const parts = [];
  for (const [key, usual] of Object.entries(DEFAULTS)) {
    const value = view[/** @type {keyof View} */ (key)];
    if (value === undefined || value === usual) continue;
    parts.push(`${key}=${encodeURIComponent(value).replaceAll("%2F", "/")}`);
  }
  return `#${parts.join("&")}`;
}

/**
 * Tell whether anything is filtered.
 *
 * @param {View} view
 */
export const isFiltered = (view) => FILTERS.some((filter) => view[filter] !== "");
