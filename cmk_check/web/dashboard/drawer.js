/**
 * One account, beside the table: its verdict, how to fix it, whose it is, and the evidence.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").FindingDetail} Detail
 * @typedef {import("./types.js").Finding} Finding
 */

import { ASPECTS, isOn } from "./aspects.js";
import { stateOf } from "./aspect_states.js";
import { at, fill, focusKey, h, icon, item, portalLink, whenChanged } from "./dom.js";
import { region } from "./finding_filters.js";
import { ago, count, identifier, minute, moment, name, prose, visible } from "./format.js";
import { ownerOf } from "./owner.js";
import { rowOf } from "./row_selection.js";
import { badStates, information, judgedSection } from "./sides.js";
import { EVIDENCE, codeWord, coverageWord, midway, verdictWord } from "./labels.js";
import { actorOf, entryOf } from "./reasons.js";
import { remedy } from "./remedy.js";

const drawer = () => /** @type {HTMLDialogElement} */ (at("drawer"));

/** @param {Finding} finding @param {State} state */
function facts(finding, state) {
  const { verdict, reason, message, coverage, asOf } = finding;
  return h("div", { class: `verdict-box ${verdict}` },
    h("p", { class: "verdict-line" }, h("span", { class: `badge ${verdict}` }, icon(verdict), verdictWord(verdict)), " ", codeWord(reason)),
    h("p", {}, prose(message), " ", actorOf(entryOf(state.catalogue, "verdict", reason), ownerOf(finding))),
    ...badStates(finding, state),
    coverage !== "read" && h("p", { class: "note bad" }, `${coverageWord(coverage)}${asOf ? ` (${minute(asOf)})` : ""}.`),
  );
}

/** Show the account's owner, dates and place. @param {Finding} finding @param {State} state */
function identity(finding, { now }) {
  const { verdict, previousVerdict, subscriptionName, subscriptionId, resourceGroup, kind, location } = finding;
  const { since, atFirst } = rowOf(finding);
  const created = finding.evidence.createdAt;
  return h("dl", { class: "identity" },
    ...ASPECTS.map(({ identity: own }) => own?.(finding)),
    since !== "" && item(atFirst ? "First seen" : "Since", moment(since, `${minute(since)}, ${ago(since, now)}`), previousVerdict && `; before that ${midway(verdictWord(previousVerdict))}`),
    created && item("Created", moment(created, minute(created)), atFirst && verdict !== "compliant" && ". The violation may date from then."),
    item("Subscription", name(subscriptionName ?? subscriptionId)),
    item("Resource group", name(resourceGroup)),
    item("Kind", name(kind, "none")),
    item("Location", name(region(location))),
  );
}

/** @param {Finding} finding */
function evidence(finding) {
  const automatic = finding.evidence.keyVersion === "automatic";
  const values = EVIDENCE.map(([field, term, none]) => {
    const value = finding.evidence[field];
    if (field === "keyVersion" && automatic) return item(term, "Always the newest version (automatic rotation)");
    return item(term, value ? h("code", {}, name(value)) : h("span", { class: "absent" }, none));
  });
  return h("dl", { class: "evidence" },
    ...values,
    finding.asOf && item("Read", moment(finding.asOf, minute(finding.asOf))),
  );
}

/** @param {Finding} finding */
function particulars(finding) {
  const tags = Object.entries(finding.tags).map(([key, value]) => h("li", {}, name(key), " = ", name(value, "empty")));
  return h("dl", { class: "evidence" },
    item("Tags", tags.length > 0 ? h("ul", { class: "tags" }, ...tags) : h("span", { class: "absent" }, "none of the recorded tags")),
    finding.firstSeen && item("First seen", moment(finding.firstSeen, minute(finding.firstSeen))),
    item("Subscription id", identifier(finding.subscriptionId)),
    finding.tenantId && item("Tenant id", identifier(finding.tenantId)),
    item("Resource id", identifier(finding.id)),
  );
}

/** @param {Detail} detail */
function history({ history: entries, changes }) {
  if (entries.length === 0) return h("p", { class: "empty" }, "No history is recorded.");
  const left = changes - entries.length;
  const items = entries.toReversed().map(({ at: time, verdict, reason, ...rest }) => {
    /** @type {Record<string, string | null>} Includes the states of some aspects, by name. */
    const states = rest;
    const beside = ASPECTS.map(({ name: aspect, judged }) => {
      const state = states[aspect];
      return judged?.term && state && `; ${judged.term} ${midway(stateOf(judged.states, state).word)}`;
    });
    return h("li", { class: verdict }, icon(verdict), h("span", {}, h("strong", {}, verdictWord(verdict)), `, ${midway(codeWord(reason))}`, ...beside, h("small", {}, moment(time, minute(time)))));
  });
  return h("div", {}, h("ol", { class: "timeline" }, ...items), left > 0 && h("p", { class: "note" }, `${count(left, "older change")} not shown.`));
}

/** @param {Detail} detail */
function limits({ limits: sentences }) {
  if (sentences.length === 0) return [];
  const items = sentences.map((sentence) => h("li", {}, prose(sentence)));
  return [h("h3", {}, "What the key does not cover"), h("ul", { class: "limits" }, ...items)];
}

/** List the controls of security frameworks that this finding is evidence for; on paper nothing is folded. @param {Detail} detail @param {boolean} printing */
function controlList({ controls }, printing) {
  const items = [...Map.groupBy(controls, ({ framework }) => framework)].map(([framework, own]) => {
    const names = own.map(({ control, mapping }) => (mapping === "microsoft" ? control : `${control} (by analogy)`));
    return h("li", {}, visible(`${framework}: ${names.join(", ")}`));
  });
  const title = "Controls of security frameworks";
  return h(printing ? "section" : "details", { class: "controls" },
    printing ? h("h3", {}, title) : h("summary", { "data-key": "controls" }, title),
    h("p", { class: "note" }, "Microsoft's mapping. A control usually requires more than a customer-managed key."),
    h("ul", {}, ...items),
  );
}

/** Say why the rule matters, and how to check the verdict without this page. @param {Detail} detail */
function purpose({ rule, check }) {
  return [
    h("h3", {}, "Why it matters"),
    h("p", {}, prose(rule.why.join(" ")), ` Severity: ${rule.severity}.`),
    h("h3", {}, "Check it yourself"),
    h("p", {}, check.portal, " Or:"),
    h("pre", { tabindex: 0, "aria-label": "Command that checks the verdict" }, h("code", {}, visible(check.az))),
  ];
}

/** Show why there are no details. @param {State["shown"]} shown */
function absence(shown) {
  const text = shown?.missing
    ? "This account is not recorded: it was removed, or the link is wrong."
    : shown?.problem || "Loading…";
  return h("p", { class: "empty", role: "status" }, text);
}

/** @param {State} state @returns {{ finding: Finding | null, detail: Detail | null }} */
function opened({ shown, list, view }) {
  const known = list.rows.find(({ finding }) => finding.id.toLowerCase() === view.finding)?.finding;
  const detail = shown?.id === view.finding ? shown.detail : null;
  return { finding: detail ?? known ?? null, detail };
}

/** @param {State} state @returns {import("./dom.js").Child[]} */
function sections(state) {
  const { finding, detail } = opened(state);
  if (!finding) return [absence(state.shown)];
  return [
    // A printout must be complete without the page.
    state.printing && h("p", { class: "note" }, "Evidence for this account", finding.asOf && ` as of ${minute(finding.asOf)}`, `, from ${location.host}.`),
    facts(finding, state),
    h("h3", {}, "How to fix"),
    detail ? remedy(detail, state) : absence(state.shown),
    h("p", {}, portalLink(finding, "Open in the Azure portal"), " In the portal, Activity log shows who changed the account."),
    h("h3", {}, "Owner and dates"),
    identity(finding, state),
    h("h3", {}, "Evidence"),
    evidence(finding),
    ...ASPECTS.flatMap((aspect) => [...judgedSection(aspect, finding, state), ...(aspect.section?.(finding, state) ?? [])]),
    detail && h("h3", {}, "History"),
    detail && history(detail),
    ...(detail ? [...limits(detail), ...purpose(detail)] : []),
    ...information(finding, state),
    h("h3", {}, "Account"),
    particulars(finding),
    detail && controlList(detail, state.printing),
  ];
}

export const drawDrawer = whenChanged(
  /** @param {State} state */
  (state) => [state.view.finding, state.shown, state.list.rows, state.status === null, state.catalogue, ...ASPECTS.map((aspect) => isOn(aspect, state)), state.printing],
  (state) => {
    const element = drawer();
    const id = state.view.finding;
    if (id === "" || state.status === null) {
      if (element.open) element.close();
      return;
    }
    fill(at("drawer-title"), name(opened(state).finding?.name ?? id.split("/").at(-1)));
    fill(at("drawer-body"), ...sections(state));
    if (!element.open) element.showModal();
  },
);

/** Close the drawer with its button, on Escape and on a click beside it, and move the focus back to its row. @param {() => void} close */
export function watchDrawer(close) {
  const element = drawer();
  let left = "";
  at("drawer-close").addEventListener("click", close);
  element.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  element.addEventListener("click", (event) => {
    // The second click of a double click on a row hits the drawer that the first click opened.
    if (event.target === element && event.detail < 2) close();
  });
  new MutationObserver(() => {
    if (element.open) left = location.hash;
    else if (left !== "") {
      const id = (new URLSearchParams(left.slice(1)).get("finding") ?? "").toLowerCase();
      left = "";
      if (!focusKey(at("findings-body"), id)) at("findings").focus({ preventScroll: true });
    }
  }).observe(element, { attributeFilter: ["open"] });
}
