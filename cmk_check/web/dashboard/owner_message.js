/** What is sent to those who must act: a text to copy, and a mail if the owner is an address. */

import { count, day, minute, visible } from "./format.js";
import { fragmentOf } from "./url_state.js";

/** Accounts that a text names at most; a mail names fewer if its link would be longer than mail programs take. */
const NAMED = [20, 5, 1, 0];
const LONGEST_LINK = 1800;
/** Exactly one address in its plainest form. Tags are written by strangers: nothing else becomes a link. */
const ADDRESS = /^[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i;

/**
 * Quote a text for a shell; invisible characters have become visible ones, which no shell obeys.
 *
 * @param {string} text
 */
const quoted = (text) => `'${visible(text).replaceAll("'", "'\\''")}'`;

/** @param {import("./types.js").Row} row @param {boolean} hasPlan */
function entry({ finding, since, atFirst }, hasPlan) {
  const { id, name, resourceGroup, subscriptionName, subscriptionId, message, verdict, dueAt } = finding;
  const place = visible(`${name} (resource group ${resourceGroup}, subscription ${subscriptionName ?? subscriptionId})`);
  const when = since === "" ? "" : `, ${atFirst ? "first seen" : "since"} ${day(since)}`;
  const due = dueAt ? `, due by ${day(dueAt)}` : "";
  const why = verdict === "compliant" ? [] : [`  ${visible(message)}`];
  return [`- ${place}${when}${due}`, ...why, ...(hasPlan ? [`  cmk-check plan ${quoted(id)}`] : [])];
}

/**
 * Write the message about a step: what is to be done, the accounts with the command that plans the fix of
 * each, and the link to them.
 *
 * @param {import("./types.js").Advice} step
 * @param {string | null} asOf
 * @param {number} [most] Accounts that it names.
 */
export function messageOf({ text, why, view, rows, hasPlan }, asOf, most = NAMED[0]) {
  const more = rows.length - most;
  return [
    `${text.replace(/[\u2068\u2069]/g, "")}.`,
    ...(hasPlan ? [] : [why]),
    "",
    ...rows.slice(0, most).flatMap((row) => entry(row, hasPlan)),
    ...(more > 0 ? [most > 0 ? `- and ${count(more, "more account")}` : `- ${count(more, "account")}`] : []),
    ...(view ? ["", `What is known, and the steps: ${location.origin}${location.pathname}${fragmentOf(view)}`] : []),
    ...(asOf === null ? [] : [`As of ${minute(asOf)}.`]),
  ].join("\r\n");
}

/**
 * Return the link that begins a mail to the owner, or null unless the owner is one plain address.
 *
 * @param {import("./types.js").Advice} step
 * @param {string | null} asOf
 */
export function mailOf(step, asOf) {
  const address = step.rows[0]?.owner ?? "";
  if (address.length > 254 || !ADDRESS.test(address) || step.rows.some(({ owner }) => owner !== address)) return null;
  const [to, domain] = address.split("@");
  const subject = `CMK check: ${count(step.rows.length, "account")} to look at`;
  const links = NAMED.map((most) => `mailto:${encodeURIComponent(to)}@${domain}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(messageOf(step, asOf, most).toWellFormed())}`);
  return links.find((link) => link.length <= LONGEST_LINK) ?? null;
}
