/**
 * Exceptions: who accepted a violation, until when, and whether that counts.
 *
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").AccountException} AccountException
 * @typedef {import("./types.js").ExceptionChoice} ExceptionChoice
 * @typedef {import("./types.js").State} State
 */

import { h, icon, item } from "./dom.js";
import { ago, day, identifier, minute, moment, name, visible } from "./format.js";
import { actorOf, entryOf, explained } from "./reasons.js";
import { codeWord } from "./labels.js";

/** An exception ends soon if it ends within so many days: the first reminder is sent then, too. */
const SOON_DAYS = 14;
const DAY = 86_400_000;

/** @type {readonly ExceptionChoice[]} All choices, even if no account has them. */
export const EXCEPTION_CHOICES = ["honoured", "not_honoured", "none"];

/**
 * @param {Finding} finding
 * @returns {ExceptionChoice}
 */
export function exceptionOf({ exception }) {
  if (!exception) return "none";
  return exception.honoured ? "honoured" : "not_honoured";
}

/**
 * Return whether an honoured exception ends soon.
 *
 * @param {Finding} finding
 * @param {number} now
 */
function endsSoon({ exception }, now) {
  if (!exception?.honoured || !exception.expiresOn) return false;
  return Date.parse(exception.expiresOn) - now <= SOON_DAYS * DAY;
}

/** @param {Finding} finding */
const isUnread = ({ exception }) => exception?.reason === "exemption_unread";

/**
 * Choose accounts by what becomes of their exceptions; the API has no such filter.
 *
 * @type {Record<string, { words: string, holds: (finding: Finding, now: number) => boolean }>}
 */
export const ACCEPTED = {
  no: { words: "the violation is not accepted", holds: (finding) => !finding.exception?.honoured },
  ending: { words: "the exception ends soon", holds: endsSoon },
  unread: { words: "the exemption could not be read", holds: isUnread },
};

/**
 * Return whether exceptions are read: if no account has one, the page does not mention them.
 *
 * @param {State} state
 */
export const hasExceptions = ({ rows, status }) =>
  (status?.accounts.excepted ?? 0) > 0 || rows.some(({ finding }) => Boolean(finding.exception));

/**
 * Show below the verdict of an account that its violation is accepted, or that an exemption is not.
 *
 * @param {Finding} finding
 */
export function exceptionNote(finding) {
  const { exception } = finding;
  if (!exception) return null;
  if (!exception.honoured) return h("small", {}, isUnread(finding) ? "exemption not read" : "exception not honoured");
  const until = exception.expiresOn ? day(exception.expiresOn) : "";
  return h("small", { class: "excepted" }, `accepted until ${until}`);
}

/**
 * @param {AccountException} exception
 * @param {number} now
 */
function heading({ honoured, reason, expiresOn }, now) {
  if (!honoured) return h("span", { class: "badge unknown" }, icon("unknown"), `Not honoured: ${codeWord(reason).toLowerCase()}`);
  const until = expiresOn ? `${day(expiresOn)}, ${ago(expiresOn, now)}` : "";
  return h("span", { class: "badge excepted" }, icon("excepted"), `Accepted until ${until}`);
}

/** @param {string | null} text */
const wording = (text) => name(text, "not given");

/** @param {AccountException} exception */
const exemption = ({ id, expiresOn, category, createdBy, displayName, description, approvedBy, ticket }) => [
  item("Expires", expiresOn ? moment(expiresOn, minute(expiresOn)) : name(null, "never, or not known")),
  item("Category", category ? visible(category) : name(null, "not known")),
  item("Created by", name(createdBy, "not known")),
  item("Title (requester's text)", wording(displayName)),
  item("Description (requester's text)", wording(description)),
  item("Approved by (requester's text)", wording(approvedBy)),
  item("Ticket (requester's text)", wording(ticket)),
  item("Exemption id", identifier(id ?? "")),
];

/**
 * Show the exception of an account: whether it counts, and who accepted what until when.
 *
 * @param {Finding} finding
 * @param {State} state
 * @returns {import("./dom.js").Child[]}
 */
export function exceptionSection({ exception }, { now, catalogue }) {
  if (!exception) return [];
  const { reason, message, missingAction, id } = exception;
  const entry = entryOf(catalogue, "exception", reason);
  return [
    h("h3", {}, "Exception"),
    h(
      "div",
      { class: `verdict-box ${exception.honoured ? "excepted" : "unknown"}` },
      h("p", { class: "verdict-line" }, heading(exception, now)),
      h("p", {}, explained(message ?? null, entry), " ", actorOf(entry)),
    ),
    h(
      "dl",
      { class: "evidence" },
      missingAction && item("Missing permission", identifier(missingAction)),
      ...(id ? exemption(exception) : []),
    ),
  ];
}
