/**
 * Exceptions: who accepted a violation, until when, and whether that counts.
 *
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").AccountException} AccountException
 * @typedef {import("./types.js").State} State
 */

import { h, icon, item } from "./dom.js";
import { byState } from "./finding_filters.js";
import { ago, count, day, identifier, minute, moment, name, prose, textOf, visible } from "./format.js";
import { codeWord, reader } from "./labels.js";
import { ownerOf } from "./owner.js";
import { actorOf, entryOf, explained, whyOf } from "./reasons.js";

/** An exception ends soon if it ends within this many days; the first reminder is also sent then. */
const SOON_DAYS = 14;
const DAY = 86_400_000;

const STATES = {
  honoured: { word: "Accepted for a time" },
  not_honoured: { word: "Not honoured" },
  none: { word: "Without an exception" },
};
const endWord = reader({
  expired: "the exemption has expired",
  removed: "the exemption was removed",
  not_honoured: "the exemption is no longer honoured",
  no_longer_needed: "the account no longer needs it",
});

/** @param {Finding} finding */
function stateOf({ exception }) {
  if (!exception) return "none";
  return exception.honoured ? "honoured" : "not_honoured";
}

/** Return whether an honoured exception ends soon. @param {Finding} finding @param {number} now */
function endsSoon({ exception }, now) {
  if (!exception?.honoured || !exception.expiresOn) return false;
  return Date.parse(exception.expiresOn) - now <= SOON_DAYS * DAY;
}

/** @param {Finding} finding */
const isUnread = ({ exception }) => exception?.reason === "exemption_unread";

/**
 * Filters by the future of an account's exception; the API has no such filter.
 *
 * @type {Record<string, { words: string, holds: (finding: Finding, now: number) => boolean }>}
 */
const ACCEPTED = {
  no: { words: "Not accepted", holds: (finding) => !finding.exception?.honoured },
  ending: { words: "Exception ends soon", holds: endsSoon },
  unread: { words: "Exemption could not be read", holds: isUnread },
};

/** Show beside the reason that a violation is accepted, or that its exemption is not honoured. @param {Finding} finding */
function lineNote(finding) {
  const { exception } = finding;
  if (!exception) return null;
  if (!exception.honoured) return h("small", {}, isUnread(finding) ? "exemption not read" : "exception not honoured");
  const until = exception.expiresOn ? day(exception.expiresOn) : "";
  return h("small", { class: "excepted" }, `accepted until ${until}`);
}

/** @param {AccountException} exception @param {number} now */
function heading({ honoured, reason, expiresOn }, now) {
  if (!honoured) return h("span", { class: "badge unknown" }, icon("unknown"), `Not honoured: ${codeWord(reason).toLowerCase()}`);
  const until = expiresOn ? `${day(expiresOn)}, ${ago(expiresOn, now)}` : "";
  return h("span", { class: "badge excepted" }, icon("excepted"), `Accepted until ${until}`);
}

/** @param {string | null} text */
const wording = (text) => name(text, "not given");

/** @param {AccountException} exception */
const exemption = ({ id, expiresOn, category, createdBy, displayName, description, approvedBy, ticket }) => [
  item("Expires", expiresOn ? moment(expiresOn, minute(expiresOn)) : name(null, "never, or unknown")),
  item("Category", category ? visible(category) : name(null, "not known")),
  item("Created by", name(createdBy, "not known")),
  item("Title (requester's text)", wording(displayName)),
  item("Description (requester's text)", wording(description)),
  item("Approved by (requester's text)", wording(approvedBy)),
  item("Ticket (requester's text)", wording(ticket)),
  item("Exemption id", identifier(id ?? "")),
];

/** Show the exception of an account: whether it counts, and who accepted what until when. @type {import("./types.js").Section} */
function section(finding, { now, catalogue }) {
  const { exception } = finding;
  if (!exception) return [];
  const { reason, message, missingAction, id } = exception;
  const entry = entryOf(catalogue, "exception", reason);
  return [
    h("h3", {}, "Exception"),
    h("div", { class: `verdict-box ${exception.honoured ? "excepted" : "unknown"}` },
      h("p", { class: "verdict-line" }, heading(exception, now)),
      h("p", {}, prose(explained(message ?? null, entry)), " ", actorOf(entry, ownerOf(finding))),
    ),
    h("dl", { class: "evidence" },
      missingAction && item("Missing permission", identifier(missingAction)),
      ...(id ? exemption(exception) : []),
    ),
  ];
}

/** @param {State} state */
function ending({ rows, now }) {
  const found = rows.filter(({ finding }) => endsSoon(finding, now));
  if (found.length === 0) return [];
  const [first] = found.map((row) => row.finding.exception?.expiresOn ?? "").sort();
  const why = `${found.length === 1 ? "It ends" : "The first one ends"} on ${day(first)}. Then the violation counts again.`;
  const of = { actor: "account_owner", why, view: { accepted: "ending" }, tone: /** @type {const} */ ("excepted"), hasPlan: true, end: ": exception ends soon" };
  return [{ ...of, rows: found, todo: (/** @type {string} */ whose) => `Fix ${whose}` }];
}

/** @param {State} state */
function unread({ catalogue, rows }) {
  const found = rows.filter(({ finding }) => isUnread(finding));
  const entry = entryOf(catalogue, "exception", "exemption_unread");
  const why = whyOf(found.map(({ finding }) => finding.exception?.message ?? null), entry);
  const of = { actor: entry?.actor ?? "", why, view: { accepted: "unread" }, tone: /** @type {const} */ ("unknown") };
  return [{ ...of, rows: found, todo: (/** @type {string} */ whose) => `Let the app read the exemptions of ${whose}` }];
}

/** @param {import("./types.js").Change["data"]} data */
function expiry({ exception }) {
  const expires = textOf(exception?.expiresOn);
  return Number.isNaN(Date.parse(expires)) ? "an unknown day" : day(expires);
}

/** @type {import("./types.js").Aspect["changes"]} */
const CHANGES = {
  "exception.started": ({ data }) => ({ tone: "excepted", lead: "The violation of ", words: [` is accepted until ${expiry(data)}`] }),
  "exception.expiring": ({ data }) => ({ tone: "unknown", lead: "The exception of ", words: [` ends on ${expiry(data)}`] }),
  "exception.ended": ({ data: { ended } }) => ({
    tone: ended === "no_longer_needed" ? "compliant" : "non_compliant",
    lead: "The exception of ",
    words: [` has ended: ${endWord(textOf(ended))}`],
  }),
};

/** @type {import("./types.js").Aspect} */
export const EXCEPTION = {
  name: "exception",
  filters: [
    byState("exception", STATES, stateOf, { label: "Exception", all: "Any state" }),
    {
      name: "accepted",
      none: "",
      words: ({ accepted }) => (Object.hasOwn(ACCEPTED, accepted) ? ACCEPTED[accepted].words : ""),
      test: ({ accepted }) => ({ finding }) => Object.hasOwn(ACCEPTED, accepted) && ACCEPTED[accepted].holds(finding, Date.now()),
    },
  ],
  // If no account has an exception, the page does not mention them.
  isOn: ({ list, status }) => (status?.accounts.excepted ?? 0) > 0 || list.rows.some(({ finding }) => Boolean(finding.exception)),
  note: ({ accounts: { excepted = 0 } }, link) =>
    excepted > 0 &&
    h("p", { class: "note" }, link({ exception: "honoured" }, `${count(excepted, "account")} that ${excepted === 1 ? "is" : "are"} not compliant`), ` ${excepted === 1 ? "has" : "have"} an exception: the violation is accepted for a time.`),
  lineNote,
  section,
  advice: { ending, last: unread },
  changes: CHANGES,
};
