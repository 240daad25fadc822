/**
 * The keys behind compliant accounts: as counts, as a badge, and in full.
 *
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").KeyHealth} KeyHealth
 * @typedef {import("./types.js").Status} Status
 * @typedef {"compliant" | "non_compliant" | "unknown"} Tone
 * @typedef {{ tone: Tone | "neutral", shape: Tone | "warning" }} Look
 */

import { h, icon, item } from "./dom.js";
import { ago, identifier, minute, moment, name, number, visible } from "./format.js";
import { actorOf, entryOf } from "./reasons.js";
import { fragmentOf } from "./url_state.js";
import { codeWord, keyWord, rotationWord } from "./labels.js";

/** @type {[import("./types.js").KeyState, keyof import("./types.js").Keys][]} The worst first. */
const ORDER = [["broken", "broken"], ["unknown", "unknown"], ["at_risk", "atRisk"], ["healthy", "healthy"]];
/** @type {Look} */
const UNKNOWN = { tone: "unknown", shape: "unknown" };
/** @type {Look} */
const GOOD = { tone: "compliant", shape: "compliant" };
/** @type {Look} */
const RISK = { tone: "unknown", shape: "warning" };
/** @type {Look} */
const BAD = { tone: "non_compliant", shape: "non_compliant" };
/** @type {Record<string, Look>} The looks of states and severities, of keys and data stores; others look like unknown. */
const LOOKS = {
  healthy: GOOD,
  at_risk: RISK,
  broken: BAD,
  unknown: UNKNOWN,
  own_keys: GOOD,
  own_key: GOOD,
  microsoft_keys: BAD,
  microsoft_key: BAD,
  may_be_microsoft_keys: RISK,
  error: BAD,
  warning: RISK,
  none: { tone: "neutral", shape: "compliant" },
};

/** All states of key health, even if no account has them, the worst first. */
export const KEY_STATES = ORDER.map(([state]) => state);

/** @param {string} state Or severity. */
export const lookOf = (state) => (Object.hasOwn(LOOKS, state) ? LOOKS[state] : UNKNOWN);

/**
 * Return whether keys are checked; if not, the page does not mention them.
 *
 * @param {Status | null} status
 */
export const hasKeys = (status) => Boolean(status?.keys);

/**
 * Show a state as a badge.
 *
 * @param {string} state
 * @param {string} word
 */
export function badge(state, word) {
  const { tone, shape } = lookOf(state);
  return h("span", { class: `badge ${tone}` }, icon(shape), word);
}

/**
 * Show counts by state, each with a link to its accounts.
 *
 * @param {string} id
 * @param {string} title
 * @param {{ state: string, word: string, value: number, view: Partial<import("./types.js").View> }[]} counts
 */
export function countTiles(id, title, counts) {
  const items = counts.map(({ state, word, value, view }) => {
    const { tone, shape } = lookOf(state);
    return h(
      "a",
      { class: `tile ${tone} ${value === 0 ? "none" : ""}`, href: fragmentOf(view) },
      h("span", { class: "tile-name" }, icon(shape), word),
      h("span", { class: "tile-value" }, number(value)),
    );
  });
  return h(
    "div",
    { class: "keys", role: "group", "aria-labelledby": id },
    h("h3", { id }, title),
    h("div", { class: "tiles" }, ...items),
  );
}

/**
 * Count the keys by their health.
 *
 * @param {Status} status
 */
export function keyCounts({ keys }) {
  if (!keys) return null;
  const counts = ORDER.map(([state, field]) => ({ state, word: keyWord(state), value: keys[field], view: { keyHealth: state } }));
  return countTiles("keys-title", "Keys of the compliant accounts", counts);
}

/**
 * Show in a cell the health of the key, and its most serious reason.
 *
 * @param {Finding} finding
 * @returns {import("./dom.js").Child[]}
 */
export function keyCell({ keyHealth, verdict }) {
  if (!keyHealth) return [name(null, verdict === "compliant" ? "not checked" : "–")];
  const { state, reasons } = keyHealth;
  const [worst] = reasons.filter(({ severity }) => severity !== "notice");
  return [badge(state, keyWord(state)), worst && h("small", {}, codeWord(worst.code))];
}

/**
 * Show a reason: how serious it is, what to do, who acts, and its evidence.
 *
 * @param {import("./types.js").KeyReason} reason
 * @param {"key" | "data"} area
 * @param {import("./types.js").Catalogue | null} catalogue
 */
export function reasonItem({ code, severity, message, evidence, missingAction }, area, catalogue) {
  const { tone, shape } = lookOf(severity);
  const facts = Object.entries(evidence).map(([field, value]) => item(codeWord(field), identifier(value)));
  if (missingAction) facts.push(item("Missing permission", identifier(missingAction)));
  return h(
    "li",
    { class: ["notice", "info"].includes(severity) ? "notice" : tone },
    icon(shape),
    h(
      "div",
      {},
      h("p", {}, h("strong", {}, codeWord(code)), ` (${keyWord(severity).toLowerCase()})`),
      h("p", {}, visible(message), " ", actorOf(entryOf(catalogue, area, code))),
      facts.length > 0 && h("dl", { class: "evidence" }, ...facts),
    ),
  );
}

/**
 * Make a link to a resource in the same portal as the account.
 *
 * @param {Finding} finding
 * @param {string} path
 * @param {string} text
 */
function portal({ portalUrl }, path, text) {
  if (!URL.canParse(portalUrl) || new URL(portalUrl).protocol !== "https:") return null;
  const href = `${new URL(portalUrl).origin}/#resource${path.split("/").map(encodeURIComponent).join("/")}`;
  return h("a", { href, target: "_blank", rel: "noopener noreferrer", class: "portal", "data-key": path }, text, icon("link"));
}

/**
 * @param {string | null} id
 * @param {Node | null} link
 */
const place = (id, link) => (id ? h("span", {}, identifier(id), " ", link) : name(null, "not known"));

/**
 * @param {Finding} finding
 * @param {KeyHealth} health
 * @param {number} now
 */
function particulars(finding, { rotation, expires, vaultId, keyId, keyVersion, principalId, scopesAsOf }, now) {
  const keys = vaultId && keyId && portal(finding, `${vaultId}/keys`, "Open its keys");
  return h(
    "dl",
    { class: "evidence" },
    item("Rotation", rotation ? rotationWord(rotation) : name(null, "not known")),
    item("Expires", expires ? h("span", {}, moment(expires, `${ago(expires, now)}, ${minute(expires)}`)) : name(null, "never, or not known")),
    item("Vault", place(vaultId, vaultId ? portal(finding, vaultId, "Open the vault") : null)),
    item("Key", place(keyId, keys || null)),
    item("Version in use", keyVersion ? h("code", {}, name(keyVersion)) : name(null, "not known")),
    item("Identity that uses it", principalId ? identifier(principalId) : name(null, "not known")),
    item("Encryption scopes", scopesAsOf ? h("span", {}, "as of ", moment(scopesAsOf, `${ago(scopesAsOf, now)}, ${minute(scopesAsOf)}`), ", or later") : name(null, "not known")),
  );
}

/**
 * Show everything that is known about the key behind an account.
 *
 * @param {Finding} finding
 * @param {import("./types.js").State} state
 * @returns {import("./dom.js").Child[]}
 */
export function keySection(finding, { now, catalogue }) {
  if (finding.verdict !== "compliant") return [];
  const title = h("h3", {}, "Key health");
  const health = finding.keyHealth;
  if (!health) {
    const text = "The key has not been checked yet. The next scan that reads the subscription will check it.";
    return [title, h("p", { class: "empty" }, text)];
  }
  const { tone } = lookOf(health.state);
  const none = "Vault, key and permissions are as they should be.";
  return [
    title,
    h(
      "div",
      { class: `verdict-box ${tone}` },
      h("p", { class: "verdict-line" }, badge(health.state, keyWord(health.state))),
      health.reasons.length > 0
        ? h("ul", { class: "key-reasons" }, ...health.reasons.map((reason) => reasonItem(reason, "key", catalogue)))
        : h("p", {}, none),
    ),
    particulars(finding, health, now),
  ];
}
