/** Numbers, times and names as people read them. */

import { h } from "./dom.js";

const NUMBER = new Intl.NumberFormat("en");
/** @type {Intl.DateTimeFormatOptions} */
const UTC = { timeZone: "UTC" };
const DAY = new Intl.DateTimeFormat("en-GB", { ...UTC, day: "numeric", month: "short", year: "numeric" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { ...UTC, hour: "2-digit", minute: "2-digit" });

// Invisible characters: they could hide in a name, or reverse its direction.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Compare two texts as people sort them: "account-10" after "account-9". */
export const inOrder = new Intl.Collator("en", { numeric: true }).compare;

/** @param {number} value */
export const number = (value) => NUMBER.format(value);

/**
 * Write a number with its noun: "1 account", "5,000 accounts".
 *
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export const count = (value, one, many = `${one}s`) =>
  `${number(value)} ${value === 1 ? one : many}`;

/**
 * Make invisible characters visible: control characters, and those that change the writing direction.
 *
 * @param {string} text
 */
export function visible(text) {
  return text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/**
 * Show a name from outside, isolated, so that its writing direction does not affect the text around it.
 *
 * @param {string | null | undefined} text
 * @param {string} [absent] The text in place of a missing name.
 */
export function name(text, absent = "–") {
  if (text === null || text === undefined || text === "") return h("span", { class: "absent" }, absent);
  const shown = visible(text);
  return h("bdi", { title: shown, class: "name" }, shown);
}

/**
 * Show a name within a sentence, isolated, so that it cannot reverse the words beside it.
 *
 * @param {string} text
 */
export const within = (text) => `\u2068${visible(text)}\u2069`;

/**
 * Show a sentence; text between backticks appears in the code font.
 *
 * @param {string} text
 */
export function prose(text) {
  const parts = visible(text).split("`");
  // An unpaired backtick is part of a name.
  if (parts.length % 2 === 0) return h("span", {}, parts.join("`"));
  return h("span", {}, ...parts.map((part, place) => (place % 2 === 1 ? h("code", {}, part) : part)));
}

/**
 * Show a long identifier; lines break after a slash or a dot rather than within a word.
 *
 * @param {string} text
 */
export function identifier(text) {
  const parts = visible(text).split(/(?<=[/.])/);
  return h("code", { class: "identifier" }, ...parts.flatMap((part) => [part, h("wbr")]));
}

/** @param {string} time */
export const day = (time) => DAY.format(new Date(time));

/** @param {string | number | Date} time */
export const minute = (time) =>
  `${DAY.format(new Date(time))}, ${MINUTE.format(new Date(time))} UTC`;

/** @param {string | number | Date} time */
export const clock = (time) => `${MINUTE.format(new Date(time))} UTC`;

/**
 * Write a duration in the largest unit that fits.
 *
 * @param {number} milliseconds
 */
export function span(milliseconds) {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 60) return `${Math.max(minutes, 0)} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
  return count(Math.floor(minutes / (24 * 60)), "day");
}

/**
 * Show how long ago something was, next to its date; on paper the date is enough.
 *
 * @param {string} time
 * @param {number} now
 * @param {string} [orMore] Follows the duration.
 */
export function since(time, now, orMore = "") {
  const passed = now - Date.parse(time);
  return h("span", { class: "relative" }, passed < 60_000 ? "just now" : `${span(passed)}${orMore}`);
}

/** @param {string} time @param {number} now */
export function ago(time, now) {
  const passed = now - Date.parse(time);
  if (passed < -60_000) return `in ${span(-passed)}`;
  return passed < 60_000 ? "just now" : `${span(passed)} ago`;
}

/**
 * Show a time as the given text, and the exact time as a tooltip.
 *
 * @param {string} time
 * @param {string} text
 */
export const moment = (time, text) => h("time", { datetime: time, title: minute(time) }, text);

/**
 * Show a time in words that are true only now; paper shows the exact time.
 *
 * @param {string} time
 * @param {string} text
 */
export const relative = (time, text) => h("time", { class: "relative", datetime: time, title: minute(time) }, h("span", {}, text));

/**
 * Name a single account in a sentence, and return its id; count several accounts.
 *
 * @param {readonly import("./types.js").Row[]} rows
 */
export function accountsOf(rows) {
  const [{ finding }] = rows;
  return rows.length === 1
    ? { whose: within(finding.name), finding: finding.id.toLowerCase() }
    : { whose: count(rows.length, "account"), finding: "" };
}

/** Return the address of an account's key, without a version. @param {import("./types.js").Finding} finding */
export const addressOf = ({ evidence }) => `${evidence.keyVaultUri?.replace(/\/$/, "")}/keys/${evidence.keyName}`.toLowerCase();

/** Return the name of the vault in the address of a key or a vault. @param {string} address */
export const vaultOf = (address) => /^https:\/\/([^./]+)/.exec(address)?.[1] ?? "";

/**
 * Return a value if it is a text, otherwise "".
 *
 * @param {unknown} value
 */
export const textOf = (value) => (typeof value === "string" ? value : "");
