/**
 * The part above the table: search, filters, and how many accounts match.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").View} View
 * @typedef {import("./types.js").Row} Row
 * @typedef {"verdict" | "reason" | "kind" | "location" | "subscription" | "keyHealth" | "dataStores" | "exception" | "azurePolicy" | "owner"} Choice
 */

import { DATA_STATES, hasDataStores } from "./data_stores.js";
import { at, fill, h, whenChanged } from "./dom.js";
import { ACCEPTED, EXCEPTION_CHOICES, hasExceptions } from "./exceptions.js";
import { count, inOrder, number, visible, within } from "./format.js";
import { KEY_STATES, hasKeys } from "./keys.js";
import { choose } from "./row_selection.js";
import { DEFAULTS, FILTERS } from "./url_state.js";
import { codeWord, dataWord, exceptionWord, keyWord, policyWord, verdictWord } from "./labels.js";

/**
 * Write an owner as the value of an option: "" is taken for all owners.
 *
 * @param {string | null} owner
 */
const optionOf = (owner) => (owner === null ? "" : `=${owner}`);

/** @type {Record<Choice, { all: string, value: (row: Row) => string, text: (row: Row) => string }>} */
const CHOICES = {
  verdict: {
    all: "All verdicts",
    value: ({ finding }) => finding.verdict,
    text: ({ finding }) => verdictWord(finding.verdict),
  },
  reason: {
    all: "All reasons",
    value: ({ finding }) => finding.reason,
    text: ({ finding }) => codeWord(finding.reason),
  },
  kind: {
    all: "All kinds",
    value: ({ finding, kind }) => finding.kind ?? kind,
    text: ({ finding }) => visible(finding.kind ?? "Without a kind"),
  },
  location: {
    all: "All locations",
    value: ({ location }) => location,
    text: ({ location }) => visible(location),
  },
  subscription: {
    all: "All subscriptions",
    value: ({ finding }) => finding.subscriptionId,
    text: ({ finding }) => visible(finding.subscriptionName ?? finding.subscriptionId),
  },
  keyHealth: {
    all: "All keys",
    value: ({ key }) => key,
    text: ({ key }) => keyWord(key),
  },
  dataStores: {
    all: "All accounts",
    value: ({ data }) => data,
    text: ({ data }) => dataWord(data),
  },
  exception: {
    all: "All accounts",
    value: ({ exception }) => exception,
    text: ({ exception }) => exceptionWord(exception),
  },
  azurePolicy: {
    all: "All answers",
    value: ({ finding }) => finding.azurePolicy?.state ?? "",
    text: ({ finding }) => policyWord(finding.azurePolicy?.state ?? ""),
  },
  owner: {
    all: "All owners",
    value: ({ owner }) => optionOf(owner),
    text: ({ owner }) => (owner === "" ? "Without an owner" : visible(owner)),
  },
};
const NAMES = /** @type {Choice[]} */ (Object.keys(CHOICES));
/** @type {readonly string[]} All verdicts, even if no account has them. */
const VERDICTS = ["non_compliant", "unknown", "compliant"];

/** @type {Record<string, string>} */
const LABELS = { keyHealth: "key", dataStores: "data stores", azurePolicy: "Azure's built-in policy" };

/** @param {string} id */
const select = (id) => /** @type {HTMLSelectElement} */ (at(id));
const search = () => /** @type {HTMLInputElement} */ (at("q"));

/**
 * @param {Choice} choice
 * @param {readonly Row[]} rows
 * @returns {[string, string][]} Values with their texts, by text.
 */
function optionsOf(choice, rows) {
  if (choice === "verdict") return VERDICTS.map((verdict) => [verdict, verdictWord(verdict)]);
  if (choice === "keyHealth") return KEY_STATES.map((state) => [state, keyWord(state)]);
  if (choice === "dataStores") return DATA_STATES.map((state) => [state, dataWord(state)]);
  if (choice === "exception") return EXCEPTION_CHOICES.map((value) => [value, exceptionWord(value)]);
  const { value, text } = CHOICES[choice];
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
    for (const choice of NAMES) {
      const options = optionsOf(choice, rows).map(([value, text]) => h("option", { value }, text));
      fill(select(choice), h("option", { value: "" }, CHOICES[choice].all), ...options);
    }
  },
);

/** @type {(state: State) => void} */
const drawValues = whenChanged(
  ({ rows, view }) => [rows, view],
  ({ view }) => {
    for (const choice of NAMES) {
      const wanted = choice === "owner" ? optionOf(view.owner) : view[choice];
      const element = select(choice);
      const options = [...element.options];
      const same = options.find(({ value }) => value === wanted)
        ?? options.find(({ value }) => choice !== "owner" && value.toLowerCase() === wanted.toLowerCase());
      if (!same) element.append(h("option", { value: wanted }, visible(view[choice] || "Without an owner")));
      element.value = same?.value ?? wanted;
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
  const parts = NAMES.filter((choice) => select(choice).value !== "").map((choice) => {
    const text = select(choice).selectedOptions[0]?.textContent ?? "";
    return `${LABELS[choice] ?? choice} is ${within(text)}`;
  });
  if (view.keyReason !== "") parts.push(`the first reason of the key is ${within(codeWord(view.keyReason))}`);
  if (view.dataReason !== "") parts.push(`the first reason of the data stores is ${within(codeWord(view.dataReason))}`);
  if (Object.hasOwn(ACCEPTED, view.accepted)) parts.push(ACCEPTED[view.accepted].words);
  if (view.notOwner.length > 0) {
    const owners = view.notOwner.map((owner) => (owner === "" ? "none" : within(owner)));
    parts.push(`owner is any other than ${owners.join(", ")}`);
  }
  if (view.q.trim() !== "") parts.push(`search is ${within(view.q.trim())}`);
  return parts.length > 0 ? `Filtered: ${parts.join("; ")}.` : "";
}

/** @param {State} state */
export function drawFilters(state) {
  // A link may filter by key health where key health is off: show the filter, so that people can remove it.
  at("key-filter").hidden = !hasKeys(state.status) && state.view.keyHealth === "";
  at("data-filter").hidden = !hasDataStores(state.status) && state.view.dataStores === "";
  at("exception-filter").hidden = !hasExceptions(state) && state.view.exception === "";
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
  for (const choice of NAMES) {
    select(choice).addEventListener("change", () => {
      const { value } = select(choice);
      go({ [choice]: choice !== "owner" ? value : value === "" ? null : value.slice(1), page: 1 });
    });
  }
  // On a phone the fields would fill a screen before the first account.
  at("more-filters").addEventListener("click", () => {
    const open = at("filters").classList.toggle("open");
    at("more-filters").setAttribute("aria-expanded", String(open));
  });
  at("clear").addEventListener("click", () => {
    search().value = "";
    search().focus();
    go({ ...Object.fromEntries(FILTERS.map((filter) => [filter, DEFAULTS[filter]])), page: 1 });
  });
}
