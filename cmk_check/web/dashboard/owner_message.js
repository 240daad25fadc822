/** The message to the people who must act: a text to copy, and a mail if the owner is an address. */

import { count, day, minute, vaultOf, visible } from "./format.js";
import { fragmentOf } from "./url_state.js";

/** The maximum of accounts in a text; a mail names fewer if its link would be too long for mail programs. */
export const NAMED = [20, 5, 1, 0];
const LONGEST_LINK = 1800;
/** Exactly one address in its plainest form. Tags are untrusted: nothing else becomes a link. */
const ADDRESS = /^[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i;

/**
 * Quote a text for a shell; invisible characters become visible ones, which no shell interprets.
 *
 * @param {string} text
 */
const quoted = (text) => `'${visible(text).replaceAll("'", "'\\''")}'`;

/** @param {import("./types.js").Row} row @param {boolean} hasPlan */
function entry({ finding, since, atFirst }, hasPlan) {
  const { id, name, resourceGroup, subscriptionName, subscriptionId, message, verdict, dueAt, evidence } = finding;
  const place = visible(`${name} (resource group ${resourceGroup}, subscription ${subscriptionName ?? subscriptionId})`);
  const when = since === "" ? "" : `, ${atFirst ? "first seen" : "since"} ${day(since)}`;
  const due = dueAt ? `, due by ${day(dueAt)}` : "";
  // A key that must be repaired is behind a compliant account.
  const why = verdict === "compliant" ? `Key ${evidence.keyName} in the vault ${vaultOf(evidence.keyVaultUri ?? "")}` : message;
  return [`- ${place}${when}${due}`, `  ${visible(why)}`, ...(hasPlan ? [`  cmk-check plan ${quoted(id)}`] : [])];
}

/**
 * Write the message about a step: what to do, the accounts, each with the command that plans its fix, and
 * the link to them.
 *
 * @param {import("./types.js").Advice} step
 * @param {string | null} asOf
 * @param {number} [most] The maximum of accounts to name.
 */
export function messageOf({ text, why, view, rows, value, hasPlan }, asOf, most = NAMED[0]) {
  const named = Math.min(rows.length, most);
  const more = value - named;
  return [
    `${text.replace(/[\u2068\u2069]/g, "")}.`,
    ...(hasPlan ? [] : [why]),
    "",
    ...rows.slice(0, most).flatMap((row) => entry(row, hasPlan)),
    ...(more > 0 ? [named > 0 ? `- and ${count(more, "more account")}` : `- ${count(more, "account")}`] : []),
    ...(view ? ["", `Details and steps: ${location.origin}${location.pathname}${fragmentOf(view)}`] : []),
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
  const address = step.view?.owner ?? "";
  if (address.length > 254 || !ADDRESS.test(address)) return null;
  const [to, domain] = address.split("@");
  const subject = `CMK check: ${count(step.value, "account")} to check`;
  const links = NAMED.map((most) => `mailto:${encodeURIComponent(to)}@${domain}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(messageOf(step, asOf, most).toWellFormed())}`);
  return links.find((link) => link.length <= LONGEST_LINK) ?? null;
}
