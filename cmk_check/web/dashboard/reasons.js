/**
 * The catalogue of reasons from the API. If it cannot be loaded, the page shows only codes.
 *
 * @typedef {import("./types.js").Catalogue} Catalogue
 * @typedef {import("./types.js").CatalogueReason} Entry
 */

import { visible, within } from "./format.js";
import { codeWord } from "./labels.js";

const FIELDS = /** @type {const} */ (["area", "code", "severity", "message", "wayOut", "actor"]);

/** @param {any} body The answer. @returns {Catalogue | null} */
export function catalogueOf(body) {
  const entries = /** @type {Entry[]} */ (Array.isArray(body) ? body : []);
  const usable = entries.filter((entry) => FIELDS.every((field) => typeof entry?.[field] === "string"));
  return usable.length > 0 ? new Map(usable.map((entry) => [`${entry.area} ${entry.code}`, entry])) : null;
}

/**
 * @param {Catalogue | null} catalogue
 * @param {import("./types.js").ReasonArea} area
 * @param {string} code
 */
export const entryOf = (catalogue, area, code) => catalogue?.get(`${area} ${code}`);

/** @param {Entry | undefined} entry @param {string} [owner] The account's owner, "" if unknown. */
export function actorOf(entry, owner = "") {
  if (!entry || entry.actor === "nobody") return "";
  const actor = visible(codeWord(entry.actor)).toLowerCase();
  return `Who acts: ${entry.actor === "account_owner" && owner ? `${within(owner)}, the ${actor}` : actor}.`;
}

/** Explain a reason and what to do, with the text of this case or else the general text. @param {string | null} own @param {Entry | undefined} entry */
export function explained(own, entry) {
  if (own) return visible(own);
  return entry ? visible(`${entry.message} ${entry.wayOut}`) : "See the app's log for details.";
}

/**
 * Explain accounts or gaps that have the same reason; their texts may still differ.
 *
 * @param {(string | null)[]} texts The text of each account or gap.
 * @param {Entry | undefined} entry
 */
export function whyOf(texts, entry) {
  const [own, ...others] = new Set(texts);
  return others.length === 0 ? explained(own, entry) : "See each one for what is wrong and what to do.";
}
