/**
 * What depends on the key of an account: a window over the drawer, opened from the account's key.
 * The API provides the sums and accounts.
 *
 * @typedef {import("./types.js").Finding} Finding
 * @typedef {import("./types.js").KeyInUse} KeyInUse
 * @typedef {(finding: Finding) => import("./dom.js").Child[]} Cell
 */

import { OF_LIST, Refusal, ask, shaped } from "./api.js";
import { fill, h, item, portalLink, waiting } from "./dom.js";
import { addressOf, count, identifier, minute, moment, name, visible } from "./format.js";

/** The maximum number of accounts in the list: nobody reads a longer one. */
const MOST = 100;
/** The required fields of the answer. */
const OF_KEYS = ["value", "caution"];

/**
 * Show an account with its owner and the health of the key.
 *
 * @param {Finding} finding
 * @param {Cell} cell
 * @param {() => void} close
 */
function accountItem(finding, cell, close) {
  const view = new URLSearchParams(location.hash.slice(1));
  view.set("finding", finding.id.toLowerCase());
  return h(
    "li",
    {},
    h("a", { href: `#${view}`, click: close }, name(finding.name)),
    " (",
    name(finding.owner?.value, "no owner"),
    ") ",
    ...cell(finding),
    finding.coverage !== "read" && h("small", { class: "stale" }, " as last known"),
  );
}

/** @param {string[]} texts */
const list = (texts) => (texts.length > 0 ? texts.flatMap((text) => [name(text), " "]) : [name(null, "not known")]);

/** @param {string | null} time */
const when = (time) => (time ? moment(time, minute(time)) : name(null, "never, or unknown"));

/**
 * @param {KeyInUse} key
 * @param {string} caution
 * @param {Finding} finding The account from which the window was opened.
 * @param {Finding[]} shown Accounts that depend on the key.
 * @param {Cell} cell
 * @param {() => void} close
 */
function described(key, caution, finding, shown, cell, close) {
  const left = key.accounts - shown.length;
  return [
    h("div", { class: "verdict-box unknown" }, h("p", { class: "verdict-line" }, visible(key.message)), h("p", { class: "note" }, visible(caution))),
    h(
      "dl",
      { class: "evidence" },
      item("Key", identifier(key.id)),
      item("Vault", key.vaultId ? h("span", {}, identifier(key.vaultId), " ", portalLink(finding, "Open the vault", key.vaultId)) : name(null, "unknown")),
      item("Shared", key.shared ? "Yes: more than one account depends on it" : "No: one account depends on it"),
      item("Owners", ...list(key.ownerNames), key.owners > key.ownerNames.length && `and ${count(key.owners - key.ownerNames.length, "other")}`),
      item("Versions in use", ...list(key.versions), key.pinned > 0 && `(${count(key.pinned, "account is", "accounts are")} pinned)`),
      item("Identities that use it", ...list(key.identities)),
      item("Next expiry", when(key.expires)),
      item("Next rotation", when(key.nextRotationAt)),
    ),
    h("h3", {}, `Accounts (${count(key.accounts, "account")})`),
    h("ul", { class: "places" }, ...shown.map((each) => accountItem(each, cell, close))),
    left > 0 && h("p", { class: "note" }, `${count(left, "account")} more: GET /api/v1/findings?key= lists all.`),
  ];
}

/**
 * Open the window and request the key from the API.
 *
 * @param {Finding} finding
 * @param {Cell} cell
 */
async function open(finding, cell) {
  const body = h("div", { class: "drawer-body" }, waiting());
  const close = () => dialog.close();
  const title = h("h2", { id: "key-title" }, "What depends on ", name(finding.evidence.keyName));
  const dialog = h("dialog", { class: "drawer", "aria-labelledby": "key-title" }, h("header", {}, title, h("button", { type: "button", click: close }, "Close")), body);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && event.detail < 2 && close());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const query = new URLSearchParams({ key: addressOf(finding) });
    const [keys, accounts] = await Promise.all([ask(`keys?top=1&${query}`), ask(`findings?top=${MOST}&${query}`)]);
    const { value, caution } = shaped(keys.body, OF_KEYS);
    const shown = shaped(accounts.body, OF_LIST).value;
    fill(body, ...(value.length > 0 ? described(value[0], caution, finding, shown, cell, close) : [h("p", { class: "empty" }, visible(caution))]));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    fill(body, h("p", { class: "empty", role: "status" }, `${error.title}. ${visible(error.message)}`));
  }
}

/**
 * Make the section of the drawer: the button that opens the window.
 *
 * @param {Cell} cell The table's cell for an account's key.
 * @returns {import("./types.js").Section}
 */
export const keyUse = (cell) => (finding) =>
  finding.verdict === "compliant" ? [h("button", { type: "button", "data-key": "key-use", click: () => void open(finding, cell) }, "What depends on this key")] : [];
