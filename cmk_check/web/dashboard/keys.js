/**
 * The keys behind compliant accounts: as counts, as a badge, and in full.
 *
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").KeyHealth} KeyHealth
 * @typedef {import("./types.js").Status} Status
 * @typedef {"compliant" | "non_compliant" | "unknown"} Tone
 * @typedef {{ tone: Tone, shape: Tone | "warning" }} Look
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
/** @type {Record<string, Look>} The looks of states and severities; others look like unknown. */
const LOOKS = {
  healthy: { tone: "compliant", shape: "compliant" },
  at_risk: { tone: "unknown", shape: "warning" },
  broken: { tone: "non_compliant", shape: "non_compliant" },
  unknown: UNKNOWN,
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

/** @param {string} state */
export function keyBadge(state) {
  const { tone, shape } = lookOf(state);
  return h("span", { class: `badge ${tone}` }, icon(shape), keyWord(state));
}

/**
 * Count the keys by their health.
 *
 * @param {Status} status
 */
export function keyCounts({ keys }) {
  if (!keys) return null;
  const items = ORDER.map(([state, field]) => {
    const { tone, shape } = lookOf(state);
    return h(
      "a",
      { class: `tile ${tone} ${keys[field] === 0 ? "none" : ""}`, href: fragmentOf({ keyHealth: state }) },
      h("span", { class: "tile-name" }, icon(shape), keyWord(state)),
      h("span", { class: "tile-value" }, number(keys[field])),
    );
  });
  return h(
    "div",
    { class: "keys", role: "group", "aria-labelledby": "keys-title" },
    h("h3", { id: "keys-title" }, "Keys of the compliant accounts"),
    h("div", { class: "tiles" }, ...items),
  );
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
  return [keyBadge(state), worst && h("small", {}, codeWord(worst.code))];
}

/**
 * @param {import("./types.js").KeyReason} reason
 * @param {import("./types.js").Catalogue | null} catalogue
 */
function reasonItem({ code, severity, message, evidence, missingAction }, catalogue) {
  const { tone, shape } = lookOf(severity);
  const facts = Object.entries(evidence).map(([field, value]) => item(codeWord(field), identifier(value)));
  if (missingAction) facts.push(item("Missing permission", identifier(missingAction)));
  return h(
    "li",
    { class: severity === "notice" ? "notice" : tone },
    icon(shape),
    h(
      "div",
      {},
      h("p", {}, h("strong", {}, codeWord(code)), ` (${keyWord(severity).toLowerCase()})`),
      h("p", {}, visible(message), " ", actorOf(entryOf(catalogue, "key", code))),
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
      h("p", { class: "verdict-line" }, keyBadge(health.state)),
      health.reasons.length > 0
        ? h("ul", { class: "key-reasons" }, ...health.reasons.map((reason) => reasonItem(reason, catalogue)))
        : h("p", {}, none),
    ),
    particulars(finding, health, now),
  ];
}
