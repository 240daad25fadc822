/**
 * The key behind a compliant account: as counts, as a badge, and in full.
 *
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").KeyHealth} KeyHealth
 */

import { badge, onlyHere, stateChange, stateOf } from "./aspect_states.js";
import { h, item, portalLink } from "./dom.js";
import { byStateAndReason } from "./finding_filters.js";
import { addressOf, ago, count, identifier, minute, moment, name, number, textOf, vaultOf, within } from "./format.js";
import { keyUse } from "./key_view.js";
import { codeWord, midway, reader } from "./labels.js";

/** @param {string} whose An account, accounts, or the key itself. */
const keyed = (whose) => (whose.startsWith("the key ") ? whose : `the key of ${whose}`);

/** @type {import("./types.js").AspectStates<import("./types.js").KeyState>} The worst first. */
const STATES = {
  broken: { word: "Broken", look: "bad", urgency: "broken", todo: (whose) => `Repair ${keyed(whose)}` },
  unknown: { word: "Unknown", look: "unknown", urgency: "unknown", todo: (whose) => `Check ${keyed(whose)}` },
  at_risk: { word: "At risk", look: "risk", urgency: "risk", todo: (whose) => `Fix ${keyed(whose)} before it breaks` },
  healthy: { word: "Healthy", look: "good" },
};
const rotationWord = reader({
  automatic: "Automatic: the account switches to new versions of its key",
  pinned: "Pinned: the account uses this version until someone sets another",
});

/** Return the rank of the key's state among all states, as a digit; "" without a state. @param {Finding} finding */
function rank({ keyHealth }) {
  if (!keyHealth) return "";
  const place = Object.keys(STATES).indexOf(keyHealth.state);
  return String(place < 0 ? Object.keys(STATES).length : place);
}

/** @type {import("./key_view.js").Cell} */
function health({ keyHealth, verdict }) {
  if (!keyHealth) return [name(null, verdict === "compliant" ? "not checked" : "–")];
  const { look, word } = stateOf(STATES, keyHealth.state);
  return [badge(look, word)];
}

/** Show the most serious reason of a key. @param {Finding} finding */
function lineNote({ keyHealth }) {
  const worst = keyHealth?.reasons.find(({ severity }) => severity !== "notice");
  return worst && h("small", {}, `key: ${midway(codeWord(worst.code))}`.replace("key: key", "key"));
}

/** @param {string | null} id @param {Node | null} link */
const place = (id, link) => (id ? h("span", {}, identifier(id), " ", link) : name(null, "unknown"));

/** Show the other facts about the key. @type {import("./types.js").Section} */
function more(finding, { now }) {
  const { rotation, expires, vaultId, keyId, keyVersion, principalId, nextRotationAt } = /** @type {KeyHealth} */ (finding.keyHealth);
  const keys = vaultId && keyId && portalLink(finding, "Open its keys", `${vaultId}/keys`);
  return [
    h("dl", { class: "evidence" },
      item("Rotation", rotation ? rotationWord(rotation) : name(null, "unknown")),
      item("Expires", expires ? h("span", {}, moment(expires, `${ago(expires, now)}, ${minute(expires)}`)) : name(null, "never, or unknown")),
      item("Next rotation", nextRotationAt ? h("span", {}, moment(nextRotationAt, `${ago(nextRotationAt, now)}, ${minute(nextRotationAt)}`)) : name(null, "never, or unknown")),
      item("Vault", place(vaultId, vaultId ? portalLink(finding, "Open the vault", vaultId) : null)),
      item("Key", place(keyId, keys || null)),
      item("Version in use", keyVersion ? h("code", {}, name(keyVersion)) : name(null, "unknown")),
      item("Identity that uses it", principalId ? identifier(principalId) : name(null, "unknown")),
    ),
  ];
}

const changed = stateChange("keyHealth", STATES, "The key of ", " is ");
/** @type {import("./types.js").Aspect["changes"]} */
const CHANGES = {
  "key.degraded": ({ data }) => changed(data, onlyHere(": ", data.after?.keyReasons, data.before?.keyReasons)),
  "key.recovered": ({ data }) => changed(data, onlyHere("; resolved: ", data.before?.keyReasons, data.after?.keyReasons)),
};

/** Return the name of the key with this address. @param {string} address */
const keyOf = (address) => address.split("/").at(-1) ?? "";

/** @param {Finding} finding */
const healthOf = ({ keyHealth }) => keyHealth;

/** @type {import("./types.js").Aspect} */
export const KEY_HEALTH = {
  name: "keyHealth",
  filters: [
    ...byStateAndReason("keyHealth", "keyReason", STATES, healthOf, { label: "Key", all: "Any state", term: "key" }),
    {
      name: "key",
      none: "",
      query: ({ key }) => [["key", key]],
      words: ({ key }) => `Key: ${within(keyOf(key))}`,
      test: ({ key }) => ({ finding }) => finding.verdict === "compliant" && addressOf(finding) === key,
    },
  ],
  judged: {
    states: STATES,
    sideOf: healthOf,
    applies: ({ verdict }) => verdict === "compliant",
    area: "key",
    countsOf: ({ keys }) => keys,
    countsTitle: "Keys of the compliant accounts",
    causes: ({ keys }, field) => (keys ?? []).flatMap(({ id, keys: counts }) => {
      const value = /** @type {Record<string, number>} */ ({ ...counts })[field] ?? 0;
      return value > 0 ? [{ who: `The owner of the vault ${within(vaultOf(id))}`, what: `the key ${within(keyOf(id))} of ${count(value, "account")}`, value, view: { key: id } }] : [];
    }),
    nextScan: "check its key",
    term: "key",
    title: "Key health",
    unread: "The key has not been checked yet. The next scan that reads the subscription will check it.",
    noReasons: "Vault, key and permissions are as they should be.",
    more,
    withoutPlan: ({ keyHealth }) =>
      keyHealth && keyHealth.state !== "healthy" && "No az command can fix the key. See Key health for what to do and who acts.",
  },
  section: keyUse(health),
  covers: ["keys_broken", "keys_unknown"],
  column: { after: "reason", name: "key", head: "Key", text: ({ finding }) => rank(finding), cell: ({ finding }) => health(finding) },
  rank: (finding) => rank(finding) || "4",
  lineNote,
  lead: (value) => (value === 1 ? "has a broken key" : "have a broken key"),
  changes: CHANGES,
  updated: (before, after) => {
    const [old, now] = [textOf(before?.keyHealth), textOf(after?.keyHealth)];
    if (old === "" && now !== "") return `: its key was checked for the first time, ${midway(stateOf(STATES, now).word)}`;
    return old !== "" && now === "" && ": its key is no longer checked";
  },
  firstFound: (report) => (report?.keys?.broken ?? 0) > 0 && `${number(report?.keys.broken)} with a broken key`,
};
