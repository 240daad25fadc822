/** The API's words in plain English. Other codes are shown as words: "not_found" is "Not found". */

/** @type {Record<string, string>} */
const VERDICTS = {
  compliant: "Compliant",
  non_compliant: "Not compliant",
  unknown: "Unknown",
  compliant_with_exceptions: "Compliant with exceptions",
};

/** @type {Record<string, string>} */
const EXCEPTIONS = {
  honoured: "Accepted for a time",
  not_honoured: "Not honoured",
  none: "Without an exception",
};

/** @type {Record<string, string>} */
const KEY_STATES = {
  healthy: "Healthy",
  at_risk: "At risk",
  broken: "Broken",
  unknown: "Unknown",
};

/** @type {Record<string, string>} Of an account's data and of one store. */
const DATA_STATES = {
  own_keys: "Own keys",
  microsoft_keys: "Microsoft's keys",
  may_be_microsoft_keys: "Maybe Microsoft's keys",
  unknown: "Unknown",
  none: "No other place",
  own_key: "Own key",
  microsoft_key: "Microsoft's key",
  broken: "Key lost",
};

/** @type {Record<string, string>} */
const STORES = {
  storage_account: "Storage account",
  cosmos_db: "Cosmos DB account",
  search_service: "AI Search service",
  ml_workspace: "Machine Learning workspace",
};

/** @type {Record<string, string>} */
const USES = {
  files: "files",
  threads: "conversations",
  vectors: "vector stores",
  speech_and_language: "Speech and Language",
  content_monitoring: "content monitoring",
  workspace: "workspace",
};

/** @type {Record<string, string>} */
const POLICY_STATES = {
  compliant: "Compliant",
  non_compliant: "Not compliant",
  not_assessed: "Not assessed",
};

/** @type {Record<string, string>} */
const ROTATIONS = {
  automatic: "Automatic: the account switches to new versions of its key",
  pinned: "Pinned: the account uses this version until somebody sets another",
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
const ENDS = {
  expired: "the exemption has expired",
  removed: "the exemption was removed",
  not_honoured: "the exemption is no longer honoured",
  no_longer_needed: "the account no longer needs it",
};

/** @type {Record<string, string>} */
const REMOVALS = {
  gone: "it is no longer in Azure's list",
  kind_out_of_scope: "its kind is no longer checked",
  subscription_excluded: "the subscription was excluded",
  subscription_retired: "the subscription was deleted",
  not_in_management_group: "the management group no longer has it, and Azure never listed it",
  subscription_not_found: "only a request for a scan named it, and Azure never listed it",
};

/** Evidence in the order of the page: field, label, text if there is no value. */
/** @type {[string, string, string][]} */
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
 * @param {Record<string, string>} words
 * @returns {(word: string) => string}
 */
const reader = (words) => (word) => (Object.hasOwn(words, word) ? words[word] : codeWord(word));

/**
 * Write a label within a sentence: in lower case, except names.
 *
 * @param {string} words
 */
export const midway = (words) =>
  /^(Azure|Key Vault|Microsoft)/.test(words) ? words : words.charAt(0).toLowerCase() + words.slice(1);

export const verdictWord = reader(VERDICTS);
export const endWord = reader(ENDS);
export const exceptionWord = reader(EXCEPTIONS);
export const keyWord = reader(KEY_STATES);
export const dataWord = reader(DATA_STATES);
export const storeWord = reader(STORES);
export const useWord = reader(USES);
export const policyWord = reader(POLICY_STATES);
export const rotationWord = reader(ROTATIONS);
export const coverageWord = reader(COVERAGES);
export const removalWord = reader(REMOVALS);
