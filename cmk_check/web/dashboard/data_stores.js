/**
 * Where else an account keeps data, and under whose key: as counts, and as a map in the drawer.
 *
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").DataStore} DataStore
 * @typedef {{ store: DataStore, uses: string[] }} Used
 */

import { badge, onlyHere, stateChange, stateOf } from "./aspect_states.js";
import { h, item } from "./dom.js";
import { byStateAndReason } from "./finding_filters.js";
import { count, identifier, inOrder, minute, moment, name, prose, visible } from "./format.js";
import { reader } from "./labels.js";

/** @type {import("./types.js").AspectStates} The worst first. */
const STATES = {
  microsoft_keys: { word: "Microsoft's keys", look: "bad", urgency: "exposed", todo: (whose) => `Set your own key on the data stores of ${whose}` },
  may_be_microsoft_keys: { word: "Possibly Microsoft's keys", look: "risk", urgency: "risk", todo: (whose) => `Check where ${whose} may keep data under Microsoft's keys` },
  unknown: { word: "Unknown", look: "unknown", urgency: "unknown", todo: (whose) => `Check the data stores of ${whose}` },
  own_keys: { word: "Own keys", look: "good" },
  none: { word: "No data stores", look: "neutral" },
};
/** @type {import("./types.js").AspectStates} The states of one store. */
const STORE_STATES = {
  own_key: { word: "Own key", look: "good" },
  microsoft_key: { word: "Microsoft's key", look: "bad" },
  unknown: { word: "Unknown", look: "unknown" },
  broken: { word: "Key lost", look: "bad" },
};
const storeWord = reader({
  storage_account: "Storage account",
  cosmos_db: "Cosmos DB account",
  search_service: "AI Search service",
  ml_workspace: "Machine Learning workspace",
});
const useWord = reader({
  files: "files",
  threads: "conversations",
  vectors: "vector stores",
  speech_and_language: "Speech and Language",
  content_monitoring: "content monitoring",
  workspace: "workspace",
});
/** With more groups of projects than this, all groups are folded. */
const FEW = 3;

/**
 * Group the stores by the projects that use them; "" is the account itself. Projects that use the
 * same stores for the same purposes share a group, instead of up to thirty identical lists.
 *
 * @param {DataStore[]} stores
 * @returns {{ projects: string[], used: Used[] }[]}
 */
function groupsOf(stores) {
  const all = stores.flatMap((store) => store.uses.map(({ project, use }) => ({ project: project ?? "", store, use })));
  const projects = [...Map.groupBy(all, ({ project }) => project)].map(([project, own]) => ({
    project,
    used: [...Map.groupBy(own, ({ store }) => store)].map(([store, uses]) => ({ store, uses: uses.map(({ use }) => use) })),
  }));
  projects.sort((a, b) => inOrder(a.project, b.project));
  const groups = Map.groupBy(projects, ({ project, used }) =>
    JSON.stringify([project === "", used.map(({ store, uses }) => [stores.indexOf(store), ...uses])]),
  );
  return [...groups.values()].map((group) => ({ projects: group.map(({ project }) => project), used: group[0].used }));
}

/** @param {Used} used */
function storeItem({ store: { type, id, name: called, state, key, detail }, uses }) {
  const words = uses.map(useWord).join(", ");
  const { look, word } = stateOf(STORE_STATES, state);
  return h("li", {},
    h("strong", {}, storeWord(type), " ", name(called)),
    ` (${visible(words)}) `,
    badge(look, word),
    detail && h("p", {}, prose(detail)),
    id && h("small", {}, identifier(id)),
    key && h("ul", {}, h("li", {}, "Key ", identifier(key))),
  );
}

/** @param {{ projects: string[], used: Used[] }} group @param {boolean} folded @param {boolean} printing */
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
const basicItem = (project) => h("li", {}, "Project ", name(project), " ", badge("risk", "no store of its own"));

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
  return h("ul", { class: "places", "aria-label": "Account, projects, stores and keys" },
    h("li", {},
      h("span", {}, "Account ", name(finding.name)),
      h("ul", {}, ...own.map(storeItem), ...projects.map((group) => projectItem(group, projects.length > FEW, printing)), ...basicProjects.map(basicItem)),
    ),
  );
}

/** Show where else an account keeps data, and under whose key. @type {import("./types.js").Section} */
function more(finding, { printing }) {
  const data = /** @type {import("./types.js").DataStores} */ (finding.dataStores);
  const { stores, basicProjects, asOf } = data;
  return [
    stores.length + basicProjects.length > 0 && map(finding, data, printing),
    asOf && h("dl", { class: "evidence" }, item("Projects and connections read", moment(asOf, minute(asOf)))),
  ];
}

const stateChanged = stateChange("dataStores", STATES, "Data stores of ", ": ");
/** Describe a change, with its reasons. @param {import("./types.js").Change} change */
function changed({ data }) {
  /** @type {{ code: string, severity: string }[]} */
  const reasons = data.dataStores?.reasons ?? [];
  return stateChanged(data, onlyHere(": ", reasons.filter(({ severity }) => severity !== "info").map(({ code }) => code)));
}
const CHANGES = {
  "data.exposed": changed,
  "data.covered": changed,
};

/** @param {Finding} finding */
const storesOf = ({ dataStores }) => dataStores;

/** @type {import("./types.js").Aspect} */
export const DATA_STORES = {
  name: "dataStores",
  filters: byStateAndReason("dataStores", "dataReason", STATES, storesOf, { label: "Data stores", all: "Any state", term: "data stores" }),
  judged: {
    states: STATES,
    sideOf: storesOf,
    applies: () => true,
    area: "data",
    countsOf: ({ dataStores }) => dataStores,
    countsTitle: "Data stores of the accounts",
    nextScan: "read its data stores",
    title: "Data stores",
    unread: "The data stores have not been read yet. The next scan that reads the subscription will read them.",
    noReasons: (state) => (state === "none" ? "The account uses no data store outside of it." : "Every data store of the account is under your own key."),
    more,
  },
  covers: ["data_exposed", "data_unknown"],
  lead: (value) => `${value === 1 ? "keeps" : "keep"} data in stores under Microsoft's keys`,
  withoutPlan: ({ dataStores }) =>
    dataStores && !["own_keys", "none"].includes(dataStores.state) && "The account is under a customer-managed key. For data outside of it, see Data stores: what to do, and who acts.",
  changes: CHANGES,
};
