/**
 * Where else an account keeps data, and under whose key: as counts, and as a map in the drawer.
 *
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").DataStore} DataStore
 * @typedef {{ store: DataStore, uses: string[] }} Used
 */

import { h, item } from "./dom.js";
import { count, identifier, inOrder, minute, moment, name, visible } from "./format.js";
import { badge, countTiles, lookOf, reasonItem } from "./keys.js";
import { dataWord, storeWord, useWord } from "./labels.js";

/** @type {[import("./types.js").DataState, keyof import("./types.js").DataStoreCounts][]} The worst first. */
const ORDER = [
  ["microsoft_keys", "microsoftKeys"],
  ["may_be_microsoft_keys", "mayBeMicrosoftKeys"],
  ["unknown", "unknown"],
  ["own_keys", "ownKeys"],
  ["none", "none"],
];
/** More groups of projects than this are folded. */
const FEW = 3;

/** All states, even if no account has them, the worst first. */
export const DATA_STATES = ORDER.map(([state]) => state);

/**
 * Return whether data stores are read; if not, the page does not mention them.
 *
 * @param {import("./types.js").Status | null} status
 */
export const hasDataStores = (status) => Boolean(status?.dataStores);

/**
 * Return whether no data outside of an account can be under Microsoft's keys, as far as data stores are read.
 *
 * @param {import("./types.js").DataStores | null | undefined} data
 */
export const isCovered = (data) => !data || data.state === "own_keys" || data.state === "none";

/** @param {import("./types.js").Status} status */
export function dataCounts({ dataStores }) {
  if (!dataStores) return null;
  const counts = ORDER.map(([state, field]) => ({ state, word: dataWord(state), value: dataStores[field], view: { dataStores: state } }));
  return countTiles("data-title", "Data stores of the accounts", counts);
}

/**
 * Sort the stores by the project that uses them: "" is the account itself. Projects that use the
 * same stores for the same come together, because thirty of them would be thirty equal lists.
 *
 * @param {DataStore[]} stores
 * @returns {{ projects: string[], used: Used[] }[]}
 */
function groupsOf(stores) {
  /** @type {Map<string, Used[]>} */
  const byProject = new Map();
  for (const store of stores) {
    for (const { project, use } of store.uses) {
      const used = byProject.get(project ?? "") ?? [];
      const known = used.find((each) => each.store === store);
      if (known) known.uses.push(use);
      else used.push({ store, uses: [use] });
      byProject.set(project ?? "", used);
    }
  }
  /** @type {Map<string, { projects: string[], used: Used[] }>} */
  const groups = new Map();
  const named = [...byProject].sort(([a], [b]) => inOrder(a, b));
  for (const [project, used] of named) {
    const places = used.map(({ store, uses }) => [stores.indexOf(store), ...uses]);
    const same = JSON.stringify([project === "", places]);
    const group = groups.get(same);
    if (group) group.projects.push(project);
    else groups.set(same, { projects: [project], used });
  }
  return [...groups.values()];
}

/** @param {Used} used */
function storeItem({ store: { type, id, name: called, state, key, detail }, uses }) {
  const words = uses.map(useWord).join(", ");
  return h(
    "li",
    {},
    h("strong", {}, storeWord(type), " ", name(called)),
    ` (${visible(words)}) `,
    badge(state, dataWord(state)),
    detail && h("p", {}, visible(detail)),
    id && h("small", {}, identifier(id)),
    key && h("ul", {}, h("li", {}, "Key ", identifier(key))),
  );
}

/**
 * @param {{ projects: string[], used: Used[] }} group
 * @param {boolean} folded
 * @param {boolean} printing
 */
function projectItem({ projects, used }, folded, printing) {
  const [first] = projects;
  const one = projects.length === 1;
  const title = one ? [h("span", {}, "Project ", name(first))] : [`${count(projects.length, "project")} with the same stores`];
  const names = !one && h("p", { class: "note" }, visible(projects.join(", ")));
  const list = h("ul", {}, ...used.map(storeItem));
  if (printing) return h("li", {}, ...title, names, list);
  return h("li", {}, h("details", { open: !folded }, h("summary", { "data-key": `project ${first}` }, ...title), names, list));
}

/** @param {string} project */
const basicItem = (project) => h("li", {}, "Project ", name(project), " ", badge("may_be_microsoft_keys", "no store of its own"));

/**
 * Draw the map: the account, its projects, their stores and the key of each, as nested lists.
 *
 * @param {Finding} finding
 * @param {import("./types.js").DataStores} data
 * @param {boolean} printing
 */
function map(finding, { stores, basicProjects }, printing) {
  const groups = groupsOf(stores);
  const own = groups.filter(({ projects }) => projects[0] === "").flatMap(({ used }) => used);
  const projects = groups.filter(({ projects: [first] }) => first !== "");
  return h(
    "ul",
    { class: "places", "aria-label": "Account, projects, stores and keys" },
    h(
      "li",
      {},
      h("span", {}, "Account ", name(finding.name)),
      h("ul", {}, ...own.map(storeItem), ...projects.map((group) => projectItem(group, projects.length > FEW, printing)), ...basicProjects.map(basicItem)),
    ),
  );
}

/**
 * Show where else the data of an account lies, and under whose key.
 *
 * @param {Finding} finding
 * @param {import("./types.js").State} state
 * @returns {import("./dom.js").Child[]}
 */
export function dataSection(finding, { status, catalogue, printing }) {
  if (!hasDataStores(status)) return [];
  const title = h("h3", {}, "Data stores");
  const data = finding.dataStores;
  if (!data) {
    const text = "The data stores have not been read yet. The next scan that reads the subscription will read them.";
    return [title, h("p", { class: "empty" }, text)];
  }
  const { state, reasons, stores, asOf } = data;
  const none = state === "none" ? "The account names no other place for its data." : "Every store that the account names is under a key of your own.";
  return [
    title,
    h(
      "div",
      { class: `verdict-box ${lookOf(state).tone}` },
      h("p", { class: "verdict-line" }, badge(state, dataWord(state))),
      reasons.length > 0
        ? h("ul", { class: "key-reasons" }, ...reasons.map((reason) => reasonItem(reason, "data", catalogue)))
        : h("p", {}, none),
    ),
    stores.length + data.basicProjects.length > 0 && map(finding, data, printing),
    asOf && h("dl", { class: "evidence" }, item("Projects and connections read", moment(asOf, minute(asOf)))),
  ];
}
