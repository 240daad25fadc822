/**
 * Recent changes, newest first, each as a sentence.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Change} Change
 * @typedef {import("./types.js").Sentence} Sentence
 */

import { ASPECTS } from "./aspects.js";
import { at, fill, h, icon, waiting, whenChanged } from "./dom.js";
import { ago, count, day, moment, name, number, relative, textOf as text, visible } from "./format.js";
import { isBeforeFirstScan } from "./page_state.js";
import { fragmentOf } from "./url_state.js";
import { codeWord, midway, removalWord, verdictWord } from "./labels.js";

const PREFIX = "cmkcheck.";
const SHOWN = 20;
/** Longer lists scroll. */
const FEW = 6;

/** @param {Change} change */
function account({ subject, data }) {
  const finding = String(subject).toLowerCase();
  return h("a", { href: fragmentOf({ finding }) }, name(text(data.name) || finding.split("/").at(-1)));
}

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
  if (before !== after) return ` changed from ${midway(codeWord(before))} to ${midway(codeWord(after))}`;
  return ASPECTS.map((aspect) => aspect.updated?.(data.before, data.after)).find(Boolean) ?? " changed its key or owner";
}

/** @param {Change} change */
const newKind = ({ data: { before, after } }) => ` became ${visible(text(after?.kind))} (was ${visible(text(before?.kind))})`;

/** @param {Change} change @returns {Sentence["tone"]} */
const toneAfter = ({ data: { after } }) => (["compliant", "non_compliant"].includes(after?.verdict) ? after.verdict : "unknown");

/** @type {Record<string, (change: Change) => Sentence>} The sentences for account changes, after the name of the account. */
const CHANGES = {
  "account.discovered": (change) => ({ tone: "compliant", words: [" was found in ", subscription(change), ": compliant"] }),
  "account.violated": (change) => ({
    tone: "non_compliant",
    words: change.data.before
      ? [" became non-compliant: ", reason(change)]
      : [" was found in ", subscription(change), ", non-compliant: ", reason(change)],
  }),
  "account.resolved": ({ data }) => ({
    tone: "compliant",
    words: [` is now compliant (was ${midway(verdictWord(text(data.before?.verdict)))})`],
  }),
  "account.unverifiable": (change) => ({
    tone: "unknown",
    words: [change.data.before ? " can no longer be judged: " : " was found and could not be judged: ", reason(change)],
  }),
  "account.updated": (change) => ({ tone: toneAfter(change), words: [updated(change)] }),
  "account.kind_changed": (change) => ({ tone: toneAfter(change), words: [newKind(change)] }),
};
/** @type {Record<string, (change: Change) => Sentence>} */
const SENTENCES = {
  "account.removed": (change) => ({
    tone: "unknown",
    words: [account(change), " was removed: ", removalWord(text(change.data.removed) || "gone"), "."],
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

/** @param {string} what @param {Change} change */
function scan(what, { data }) {
  const why = text(data.reason);
  return why ? `${what}: ${visible(why).replace(/\.$/, "")}` : what;
}

/** @param {Change} change @returns {Sentence} */
function sentence(change) {
  const type = String(change.type).replace(PREFIX, "");
  if (Object.hasOwn(SENTENCES, type)) return SENTENCES[type](change);
  const say = [CHANGES, ...ASPECTS.map(({ changes = {} }) => changes)].find((table) => Object.hasOwn(table, type))?.[type];
  if (!say) return { tone: "unknown", words: [visible(type)] };
  const { tone, lead = "", words } = say(change);
  return { tone, words: [lead, account(change), ...words, ...owner(change), "."] };
}

/** @param {Sentence} sentence @param {string} time @param {number} now */
const line = ({ tone, words }, time, now) =>
  h("li", { class: tone }, icon(tone), h("span", { class: "sentence" }, ...words), h("span", { class: "when" }, relative(time, ago(time, now))));

/**
 * Sum up the first scan in one line, because nothing in it is a change.
 *
 * @param {Change[]} first
 * @returns {Sentence}
 */
function baseline(first) {
  const report = first.find(({ type }) => type === `${PREFIX}scan.baseline`)?.data;
  const found = report?.accounts;
  if (!found) return { tone: "unknown", words: ["The first scan is running."] };
  const beside = ASPECTS.map((aspect) => aspect.firstFound?.(report)).filter(Boolean);
  const parts = [`${number(found.nonCompliant)} non-compliant`, `${number(found.unknown)} unknown`, `${number(found.compliant)} compliant`, ...beside];
  const tone = found.total === 0 ? "nothing" : found.nonCompliant + beside.length > 0 ? "non_compliant" : found.unknown > 0 ? "unknown" : "compliant";
  return { tone, words: [`The first scan found ${count(found.total, "account")}: ${parts.join(", ")}.`] };
}

/** @param {State} state */
function body({ changes, changesRefused, now }) {
  if (changesRefused !== "") return h("p", { class: "empty" }, visible(changesRefused));
  if (changes === null) return waiting();
  if (changes.length === 0) return h("p", { class: "empty" }, "Nothing has changed yet. Changes will appear here.");
  const news = changes.filter(({ data }) => !data.baseline).slice(0, SHOWN);
  const first = changes.filter(({ data }) => data.baseline);
  const lines = news.map((change) => line(sentence(change), change.time, now));
  if (first.length > 0) lines.push(line(baseline(first), first[0].time, now));
  return h("ul", { class: lines.length > FEW ? "changes long" : "changes", tabindex: lines.length > FEW && 0, "aria-label": "Changes, newest first" }, ...lines);
}

export const drawChanges = whenChanged(
  /** @param {State} state */
  (state) => [state.changes, state.changesRefused, Math.floor(state.now / 60_000)],
  (state) => fill(at("changes-body"), body(state)),
);

/** Draw in the banner what happened in the last week, as a link to the changes. */
export const drawWeek = whenChanged(
  /** @param {State} state */
  (state) => [state.week, isBeforeFirstScan(state)],
  (state) => fill(at("week"), state.week && !isBeforeFirstScan(state) && h("a", { href: "#changes" }, ...wordsOf(state.week))),
);

/** @param {import("./types.js").Period} week */
function wordsOf({ since, begins, text: words, waiting: unpublished }) {
  const start = begins ?? since;
  const late = unpublished > 0 ? `; ${count(unpublished, "change")} not published yet` : "";
  return ["Since ", moment(start, day(start)), `: ${words}${late}`];
}
