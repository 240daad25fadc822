/** The API's words in plain English. A word that is not known here is shown as it is. */

/** @type {Record<string, string>} */
const VERDICTS = {
  compliant: "Compliant",
  non_compliant: "Not compliant",
  unknown: "Unknown",
};

/** @type {Record<string, string>} */
const REASONS = {
  customer_managed_key: "Customer-managed key",
  never_configured: "Encryption never configured",
  microsoft_managed_key: "Microsoft-managed key",
  key_not_named: "Key Vault set, no key named",
  unrecognised_key_source: "Key source not recognised",
  malformed: "Not in the expected shape",
  row_too_new: "Recorded by a newer version",
};

/** @type {Record<string, string>} */
const KEY_STATES = {
  healthy: "Healthy",
  at_risk: "At risk",
  broken: "Broken",
  unknown: "Unknown",
};

/** @type {Record<string, string>} */
const KEY_REASONS = {
  vault_not_found: "Key vault not found",
  vault_soft_delete_off: "Soft delete is off",
  vault_purge_protection_off: "Purge protection is off",
  vault_firewall_blocks_services: "Firewall keeps Azure services out",
  key_not_found: "Key not found",
  key_disabled: "Key disabled",
  key_expired: "Key expired",
  key_expires_soon: "Key expires soon",
  key_not_yet_valid: "Key not valid yet",
  key_type_unsupported: "Key is not RSA",
  key_too_small: "Key too small",
  key_operations_missing: "Key may not wrap and unwrap",
  version_pinned: "Stays with one version",
  version_not_latest: "Not the newest version",
  identity_missing: "No identity to use the key",
  identity_lacks_permission: "Identity may not use the key",
  scope_not_customer_managed: "Encryption scope under Microsoft's key",
  cannot_read: "Could not be read",
  managed_hsm_not_verifiable: "Roles of a managed HSM cannot be seen",
  key_size_disputed: "Microsoft's pages differ on the size",
  identity_type_disputed: "Microsoft's pages differ on the identity",
  permission_model_disputed: "Microsoft's pages differ on access policies",
};

/** @type {Record<string, string>} */
const ROTATIONS = {
  automatic: "Automatic: the account follows its key to new versions",
  pinned: "Pinned: the account stays with this version until somebody sets another",
};

/** @type {Record<string, [string, string]>} A gap's reason in words, and what ends it. */
const GAPS = {
  forbidden: [
    "Access denied",
    "Grant the app's identity Reader on the subscription, or a role with the missing permission.",
  ],
  unauthenticated: [
    "Not signed in to Azure",
    "Check the app's managed identity, its tenant and AZURE_CLIENT_ID.",
  ],
  throttled: [
    "Azure asked for a pause",
    "Passes by itself; if it stays, lower CMK_MAX_IN_FLIGHT or raise CMK_RETRY_AFTER_MAX_SECONDS.",
  ],
  timeout: [
    "No answer in time",
    "Passes by itself; if it stays, raise CMK_SUBSCRIPTION_TIMEOUT_SECONDS.",
  ],
  unreachable: [
    "No connection to Azure",
    "Check DNS, firewall, proxy and certificates between the app and Azure Resource Manager.",
  ],
  server_error: ["Azure failed", "Passes by itself; if it stays, look at Azure's status page."],
  unexpected_response: [
    "Answer not understood",
    "Look for a newer version of this app, or open a support request with Azure.",
  ],
  malformed_page: ["Answer was not a list", "Check that no proxy answers in Azure's place."],
  malformed_account: [
    "An account without a usable id",
    "Look for it with az cognitiveservices account list; if it stays, open a support request.",
  ],
  untrusted_next_link: [
    "Next page not trusted",
    "Passes by itself or needs a support request; no token was sent there.",
  ],
  not_found: [
    "Subscription not found",
    "If it was deleted or moved to another tenant, add it to CMK_EXCLUDE_SUBSCRIPTIONS.",
  ],
  not_visible: [
    "No longer listed by Azure",
    "Give the identity its role there, or add the id to CMK_EXCLUDE_SUBSCRIPTIONS.",
  ],
  slice_failed: ["Could not be recorded", "The app's log says why; the next scan tries again."],
};

/** @type {Record<string, string>} */
const COVERAGES = {
  read: "Read by the last scan",
  gap: "Not read by the last scan: this is the last known state",
  excluded: "Excluded by the settings",
  retired: "The subscription is deleted",
  pending: "Its first recording has not ended yet",
};

/** @type {Record<string, string>} */
const REMOVALS = {
  gone: "it is no longer in Azure's list",
  kind_out_of_scope: "its kind is no longer judged",
  subscription_excluded: "its subscription was excluded",
  subscription_retired: "its subscription was deleted",
};

/** Evidence in the order in which it is shown: field, what people call it, what none means. */
/** @type {[string, string, string][]} */
export const EVIDENCE = [
  ["keySource", "Key source", "not set"],
  ["keyName", "Key", "none named"],
  ["keyVersion", "Key version", "none"],
  ["keyVaultUri", "Key vault", "none"],
  ["identityType", "Managed identity", "none"],
  ["identityClientId", "Identity used for the key", "the system-assigned one, or none"],
  ["provisioningState", "Provisioning state", "not reported"],
];

/** @param {string} word */
function plainly(word) {
  const text = word.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * @param {Record<string, string>} words
 * @returns {(word: string) => string}
 */
const reader = (words) => (word) => (Object.hasOwn(words, word) ? words[word] : plainly(word));

/**
 * Put words into a sentence: what is a name keeps its capital.
 *
 * @param {string} words
 */
export const midway = (words) =>
  /^(Azure|Key Vault|Microsoft)/.test(words) ? words : words.charAt(0).toLowerCase() + words.slice(1);

export const verdictWord = reader(VERDICTS);
export const reasonWord = reader(REASONS);
export const keyWord = reader(KEY_STATES);
export const keyReasonWord = reader(KEY_REASONS);
export const rotationWord = reader(ROTATIONS);
/** Names of what a reason of key health rests on: "newestVersion" is "Newest version". */
export const evidenceWord = plainly;
export const coverageWord = reader(COVERAGES);
export const removalWord = reader(REMOVALS);

/** @param {string} reason */
export const gapWord = (reason) => (Object.hasOwn(GAPS, reason) ? GAPS[reason][0] : plainly(reason));

/** @param {string} reason */
export const gapEnd = (reason) =>
  Object.hasOwn(GAPS, reason) ? GAPS[reason][1] : "The app's documentation and its log say more.";
