/** The API's codes in plain English. Other codes are shown as words: "not_found" is "Not found". */

/** @type {Record<string, string>} */
const VERDICTS = {
  compliant: "Compliant",
  non_compliant: "Not compliant",
  unknown: "Unknown",
  compliant_with_exceptions: "Compliant with exceptions",
  nothing: "Nothing to judge",
};

/** @type {Record<string, string>} */
const COVERAGES = {
  read: "Read by the last scan",
  gap: "Not read by the last scan: this is the last known state",
  excluded: "Excluded by the settings",
  retired: "The subscription is deleted",
  pending: "Not completely recorded yet",
};

/** @type {Record<string, string>} */
const REMOVALS = {
  gone: "it is no longer in Azure's list",
  kind_out_of_scope: "its kind is no longer checked",
  subscription_excluded: "the subscription was excluded",
  subscription_retired: "the subscription was deleted",
  not_in_management_group: "it left the management group, and Azure never listed it",
};

/** Who acts, for each actor of the catalogue. */
/** @type {Record<string, string>} */
const ACTORS = {
  account_owner: "The accounts' owners",
  key_owner: "The vault's owner",
  subscription_owner: "The subscription's owner",
  access_admin: "An access administrator",
  operator: "This app's operators",
  azure_support: "Microsoft support",
  nobody: "No one, resolves automatically",
  "": "Not yet known who acts",
};

/** Evidence in the order of the page: field, label, text if there is no value. */
/** @type {[keyof import("./types.js").Evidence, string, string][]} */
export const EVIDENCE = [
  ["keySource", "Key source", "not set"],
  ["keyName", "Key", "none named"],
  ["keyVersion", "Key version", "none"],
  ["keyVaultUri", "Key vault", "none"],
  ["identityType", "Managed identity", "none"],
  ["identityClientId", "Identity used for the key", "the system-assigned identity, or none"],
  ["provisioningState", "Provisioning state", "not reported"],
];

/**
 * Write a code or the name of a field in words: "newestVersion" is "Newest version".
 *
 * @param {string} word
 */
export function codeWord(word) {
  const text = word.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/\bhsm\b/, "HSM").replace(/\bmicrosoft\b/, "Microsoft");
}

/**
 * Return the function that looks up a code in a table, and otherwise writes it in words.
 *
 * @param {Record<string, string>} words
 * @returns {(word: string) => string}
 */
export const reader = (words) => (word) => (Object.hasOwn(words, word) ? words[word] : codeWord(word));

/**
 * Write a label within a sentence: in lower case, except names.
 *
 * @param {string} words
 */
export const midway = (words) =>
  /^(Azure|Key Vault|Microsoft)/.test(words) ? words : words.charAt(0).toLowerCase() + words.slice(1);

export const actorWord = reader(ACTORS);
export const verdictWord = reader(VERDICTS);
export const coverageWord = reader(COVERAGES);
export const removalWord = reader(REMOVALS);
