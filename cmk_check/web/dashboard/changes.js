/**
 * Recent changes, the newest first, each as a sentence.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Change} Change
 * @typedef {{ tone: "compliant" | "non_compliant" | "unknown" | "excepted", words: import("./dom.js").Child[] }} Sentence
 */

import { at, fill, h, icon, waiting, whenChanged } from "./dom.js";
import { ago, count, day, moment, name, number, visible } from "./format.js";
import { fragmentOf } from "./url_state.js";
import { lookOf } from "./keys.js";
import { codeWord, dataWord, endWord, keyWord, midway, removalWord, verdictWord } from "./labels.js";

const PREFIX = "cmkcheck.";
const SHOWN = 20;
/** A longer list scrolls. */
const FEW = 6;

/** @param {Change} change */
function account({ subject, data }) {
  const finding = String(subject).toLowerCase();
  return h("a", { href: fragmentOf({ finding }) }, name(text(data.name) || finding.split("/").at(-1)));
}

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : "");

/** @param {Change} change */
const subscription = ({ data, source }) =>
  name(text(data.subscriptionName) || String(source).split("/").at(-1));

/** @param {Change} change */
const reason = ({ data }) => midway(codeWord(text(data.after?.reason)));

/** @param {Change} change */
function owner({ data }) {
  const found = text(data.owner?.value);
  return found ? [" (owner ", name(found), ")"] : [];
}

/** @param {Change} change */
function updated({ data }) {
  const [before, after] = [text(data.before?.reason), text(data.after?.reason)];
  const [old, now] = [text(data.before?.keyHealth), text(data.after?.keyHealth)];
  if (before === after && old === "" && now !== "") return `: its key was checked for the first time, ${midway(keyWord(now))}`;
  if (before === after && old !== "" && now === "") return ": its key is no longer checked";
  if (before === after) return " has another key or owner";
  return ` changed from ${midway(codeWord(before))} to ${midway(codeWord(after))}`;
}

/** @param {Change} change */
function unverifiable({ data }) {
  return data.before ? " can no longer be judged: " : " was found and could not be judged: ";
}

/**
 * Name the reasons that are in one list and not in the other.
 *
 * @param {string} lead
 * @param {unknown[]} [some]
 * @param {unknown[]} [others]
 */
function onlyHere(lead, some = [], others = []) {
  const only = some.filter((code) => !others.includes(code));
  const words = only.map((code) => midway(codeWord(text(code))));
  return words.length > 0 ? `${lead}${words.join(", ")}` : "";
}

/**
 * Name the reasons for what was found of data stores.
 *
 * @param {Change} change
 */
function reasonsOfData({ data }) {
  /** @type {{ code: string, severity: string }[]} */
  const reasons = data.dataStores?.reasons ?? [];
  return onlyHere(": ", reasons.filter(({ severity }) => severity !== "info").map(({ code }) => code));
}

/**
 * @param {string} state
 * @returns {Sentence["tone"]}
 */
function toneOfLook(state) {
  const { tone } = lookOf(state);
  return tone === "neutral" ? "compliant" : tone;
}

/**
 * @typedef {object} Aspect What stands beside a verdict, and how a change of it is said.
 * @property {"keyHealth" | "dataStores"} field Of both sides of a change.
 * @property {string} lead
 * @property {string} verb
 * @property {(state: string) => string} word
 */

/** @type {Aspect} */
const KEY = { field: "keyHealth", lead: "The key of ", verb: " is ", word: keyWord };
/** @type {Aspect} */
const DATA = { field: "dataStores", lead: "Data stores of ", verb: ": ", word: dataWord };

/**
 * @param {Aspect} aspect
 * @param {Change} change
 * @param {string} reasons
 * @returns {Sentence}
 */
function ofAspect({ field, lead, verb, word }, change, reasons) {
  const [old, now] = [text(change.data.before?.[field]), text(change.data.after?.[field])];
  const still = old === now ? "still " : "";
  const was = old !== "" && old !== now ? ` (was ${midway(word(old))})` : "";
  const words = `${verb}${still}${midway(word(now))}${was}${reasons}`;
  return { tone: toneOfLook(now), words: [lead, account(change), words, ...owner(change), "."] };
}

/** @param {Change} change */
function expiry({ data }) {
  const expires = text(data.exception?.expiresOn);
  return Number.isNaN(Date.parse(expires)) ? "an unknown day" : day(expires);
}

/** @param {Change} change */
function newKind({ data }) {
  const [before, after] = [data.before ?? {}, data.after ?? {}];
  const [had, has] = [before, after].map(({ azurePolicy }) => azurePolicy === "not_assessed");
  const policy = had === has ? "" : `; Azure's built-in policy ${has ? "no longer assesses it" : "assesses it now"} by default`;
  return ` became ${visible(text(after.kind))} (was ${visible(text(before.kind))})${policy}`;
}

/** @type {Record<string, (change: Change) => Sentence>} */
const SENTENCES = {
  "account.discovered": (change) => ({
    tone: "compliant",
    words: [account(change), " was found in ", subscription(change), ": compliant", ...owner(change), "."],
  }),
  "account.violated": (change) => ({
    tone: "non_compliant",
    words: change.data.before
      ? [account(change), " became non-compliant: ", reason(change), ...owner(change), "."]
      : [account(change), " was found in ", subscription(change), ", non-compliant: ", reason(change), ...owner(change), "."],
  }),
  "account.resolved": (change) => ({
    tone: "compliant",
    words: [account(change), ` is now compliant (was ${midway(verdictWord(text(change.data.before?.verdict)))})`, ...owner(change), "."],
  }),
  "account.unverifiable": (change) => ({
    tone: "unknown",
    words: [account(change), unverifiable(change), reason(change), ...owner(change), "."],
  }),
  "account.updated": (change) => ({
    tone: toneOf(change.data.after?.verdict),
    words: [account(change), updated(change), ...owner(change), "."],
  }),
  "account.kind_changed": (change) => ({
    tone: toneOf(change.data.after?.verdict),
    words: [account(change), newKind(change), ...owner(change), "."],
  }),
  "account.removed": (change) => ({
    tone: "unknown",
    words: [account(change), " was removed: ", removalWord(text(change.data.removed) || "gone"), "."],
  }),
  "key.degraded": (change) => ofAspect(KEY, change, onlyHere(": ", change.data.after?.keyReasons, change.data.before?.keyReasons)),
  "key.recovered": (change) => ofAspect(KEY, change, onlyHere("; resolved: ", change.data.before?.keyReasons, change.data.after?.keyReasons)),
  "data.exposed": (change) => ofAspect(DATA, change, reasonsOfData(change)),
  "data.covered": (change) => ofAspect(DATA, change, reasonsOfData(change)),
  "exception.started": (change) => ({
    tone: "excepted",
    words: ["The violation of ", account(change), ` is accepted until ${expiry(change)}`, ...owner(change), "."],
  }),
  "exception.expiring": (change) => ({
    tone: "unknown",
    words: ["The exception of ", account(change), ` ends on ${expiry(change)}`, ...owner(change), "."],
  }),
  "exception.ended": (change) => ({
    tone: change.data.ended === "no_longer_needed" ? "compliant" : "non_compliant",
    words: ["The exception of ", account(change), ` has ended: ${endWord(text(change.data.ended))}`, ...owner(change), "."],
  }),
  "coverage.lost": (change) => ({
    tone: "unknown",
    words: [subscription(change), " could not be read: ", midway(codeWord(text(change.data.after?.reason))), "."],
  }),
  "coverage.regained": (change) => ({ tone: "compliant", words: [subscription(change), " can be read again."] }),
  "coverage.removed": (change) => ({
    tone: "unknown",
    words: [subscription(change), " is no longer a gap: ", removalWord(text(change.data.removed)), "."],
  }),
  "scan.failed": (change) => ({ tone: "unknown", words: [scan("A scan failed", change), "."] }),
  "scan.abandoned": (change) => ({ tone: "unknown", words: [scan("A scan was abandoned", change), "."] }),
  "scan.recovered": () => ({ tone: "compliant", words: ["Scans finish again."] }),
  "scan.baseline": () => ({ tone: "compliant", words: ["The first scan finished."] }),
};

/**
 * @param {unknown} verdict
 * @returns {Sentence["tone"]}
 */
const toneOf = (verdict) =>
  verdict === "compliant" || verdict === "non_compliant" ? verdict : "unknown";

/**
 * @param {string} what
 * @param {Change} change
 */
function scan(what, { data }) {
  const why = text(data.reason);
  return why ? `${what}: ${visible(why).replace(/\.$/, "")}` : what;
}

/** @param {Change} change */
function sentence(change) {
  const type = String(change.type).replace(PREFIX, "");
  return Object.hasOwn(SENTENCES, type)
    ? SENTENCES[type](change)
    : { tone: /** @type {const} */ ("unknown"), words: [visible(type)] };
}

/**
 * @param {Sentence} sentence
 * @param {string} time
 * @param {number} now
 */
const line = ({ tone, words }, time, now) =>
  h("li", { class: tone }, icon(tone), h("span", { class: "sentence" }, ...words), h("span", { class: "when" }, moment(time, ago(time, now))));

/**
 * Sum up the first scan in one line, because nothing in it is a change.
 *
 * @param {Change[]} first
 * @returns {Sentence}
 */
function baseline(first) {
  const report = first.find(({ type }) => type === `${PREFIX}scan.baseline`)?.data;
  const whole = report?.accounts;
  const broken = report?.keys?.broken ?? 0;
  /** @param {string} type */
  const accountsOf = (type) => first.filter((change) => change.type === `${PREFIX}account.${type}`).length;
  const found = whole ?? {
    nonCompliant: accountsOf("violated"),
    unknown: accountsOf("unverifiable"),
    compliant: accountsOf("discovered"),
  };
  const parts = [
    `${number(found.nonCompliant)} non-compliant`,
    `${number(found.unknown)} unknown`,
    `${number(found.compliant)} compliant`,
    ...(broken > 0 ? [`${number(broken)} with a broken key`] : []),
  ];
  const start = whole
    ? `The first scan found ${count(whole.total, "account")}`
    : "The first scan is running. Its latest accounts are";
  const tone = found.nonCompliant + broken > 0 ? "non_compliant" : found.unknown > 0 ? "unknown" : "compliant";
  return { tone, words: [`${start}: ${parts.join(", ")}.`] };
}

/** @param {State} state */
function draw({ changes, now }) {
  if (changes === null) {
    fill(at("changes-body"), waiting());
    return;
  }
  if (changes.length === 0) {
    fill(at("changes-body"), h("p", { class: "empty" }, "Nothing has changed yet. Changes will appear here."));
    return;
  }
  const news = changes.filter(({ data }) => !data.baseline).slice(0, SHOWN);
  const first = changes.filter(({ data }) => data.baseline);
  const lines = news.map((change) => line(sentence(change), change.time, now));
  if (first.length > 0) lines.push(line(baseline(first), first[0].time, now));
  fill(at("changes-body"), h("ul", { class: lines.length > FEW ? "changes long" : "changes", tabindex: lines.length > FEW && 0, "aria-label": "Changes, the newest first" }, ...lines));
}

/** @type {(state: State) => void} */
export const drawChanges = whenChanged((state) => [state.changes, Math.floor(state.now / 60_000)], draw);
