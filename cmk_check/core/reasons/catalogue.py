"""The catalogue of reasons: each in words, how bad it is, what ends it and who has to act.

No sentence holds a name out of Azure (evidence has the names), and each holds for every count
(counts are the note that a status adds).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from cmk_check.core.enums import (
    Actor,
    DataReason,
    ExceptionReason,
    GapReason,
    KeyReason,
    PolicyReason,
    PostureReason,
    Reason,
    ReasonArea,
    ReasonSeverity,
)

type ReasonCode = (
    Reason | GapReason | KeyReason | ExceptionReason | DataReason | PostureReason | PolicyReason
)

NOTHING_TO_DO: Final = "Nothing has to be done."
SUPPORT: Final = "open a support request with Azure"
AGAIN: Final = "The next scan tries again. If this stays,"
_ERROR: Final = ReasonSeverity.ERROR
_INFO: Final = ReasonSeverity.INFO
_UNKNOWN: Final = ReasonSeverity.UNKNOWN
_WARNING: Final = ReasonSeverity.WARNING
_SET_A_KEY: Final = "Set a customer-managed key on the account's Encryption page."
_WHILE_IT_WORKS: Final = "Nothing has to be done while the account works."
_SEE_FINDINGS: Final = "Do what each finding says."


@dataclass(frozen=True, slots=True)
class ReasonEntry:
    """A reason in words: what it means (one or more sentences), what ends it, who has to act.

    ``when`` says when exactly it is given, where the message does not; ``make docs`` writes all of
    them into docs/reference/reasons.md.
    """

    severity: ReasonSeverity
    message: str
    way_out: str
    actor: Actor
    when: str | None = None

    def text(self, note: str | None = None) -> str:
        """Return the message and the way out.

        ``note`` says what the message leaves open in one case, such as counts or a status code.
        """
        message = with_note(self.message, note)
        return message if self.way_out == NOTHING_TO_DO else f"{message} {self.way_out}"


def with_note(sentence: str, note: str | None) -> str:
    """Put a note in brackets at the end of a sentence."""
    return f"{sentence.removesuffix('.')} ({note.removesuffix('.')})." if note else sentence


class _Words(NamedTuple):
    message: str
    way_out: str = NOTHING_TO_DO
    when: str | None = None


def _entries[Code](
    rows: Mapping[tuple[Code, ReasonSeverity, Actor], _Words],
) -> Mapping[Code, ReasonEntry]:
    return {
        code: ReasonEntry(severity, words.message, words.way_out, actor, words.when)
        for (code, severity, actor), words in rows.items()
    }


# Why an account got its verdict; the severity of a reason decides the verdict.
_VERDICTS: Final = {
    (Reason.CUSTOMER_MANAGED_KEY, _INFO, Actor.NOBODY): _Words(
        "The account names a customer-managed key."
    ),
    (Reason.NEVER_CONFIGURED, _ERROR, Actor.ACCOUNT_OWNER): _Words(
        "Encryption was never configured, so the account uses Microsoft's keys.", _SET_A_KEY
    ),
    (Reason.MICROSOFT_MANAGED_KEY, _ERROR, Actor.ACCOUNT_OWNER): _Words(
        "The account is set to Microsoft's keys.", _SET_A_KEY
    ),
    (Reason.KEY_NOT_NAMED, _ERROR, Actor.ACCOUNT_OWNER): _Words(
        "The account is set to Key Vault, but names no key.", _SET_A_KEY
    ),
    (Reason.UNRECOGNISED_KEY_SOURCE, _UNKNOWN, Actor.ACCOUNT_OWNER): _Words(
        "The account's key source is missing, or this rule does not know it.",
        "Set the key source again on the account's Encryption page. If Azure has a new key source, "
        "update cmk_check.",
    ),
    (Reason.MALFORMED, _UNKNOWN, Actor.OPERATOR): _Words(
        "Azure's answer for the account does not have the documented shape.",
        "Look at the account with `az cognitiveservices account show`. If Azure changed the shape, "
        "update cmk_check.",
    ),
    (Reason.ROW_TOO_NEW, _UNKNOWN, Actor.OPERATOR): _Words(
        "A newer version of cmk_check recorded this account.", "Deploy that version again."
    ),
}
VERDICT_REASONS: Final[Mapping[Reason, ReasonEntry]] = _entries(_VERDICTS)

# Why a subscription, or a part of it, could not be read.
_GAPS: Final = {
    (GapReason.FORBIDDEN, _UNKNOWN, Actor.ACCESS_ADMIN): _Words(
        "Azure denied access.",
        "Grant the app's identity the role Reader, or a role with the missing action.",
    ),
    (GapReason.UNAUTHENTICATED, _UNKNOWN, Actor.OPERATOR): _Words(
        "Azure did not accept the app's identity, or the app got no token.",
        "Check that the app has a managed identity in the tenant of the subscription, and that "
        "AZURE_CLIENT_ID is that identity's client id. On a laptop, run `az login`.",
    ),
    (GapReason.THROTTLED, _UNKNOWN, Actor.OPERATOR): _Words(
        "Azure asked for longer pauses than a scan may make.",
        f"{AGAIN} lower CMK_MAX_IN_FLIGHT or raise CMK_RETRY_AFTER_MAX_SECONDS.",
    ),
    (GapReason.TIMEOUT, _UNKNOWN, Actor.OPERATOR): _Words(
        "Azure did not answer in time.", f"{AGAIN} raise CMK_SUBSCRIPTION_TIMEOUT_SECONDS."
    ),
    (GapReason.UNREACHABLE, _UNKNOWN, Actor.OPERATOR): _Words(
        "The app could not reach Azure, or the connection broke.",
        f"{AGAIN} check DNS, firewall, proxy and certificates between the app and Azure Resource "
        "Manager.",
    ),
    (GapReason.SERVER_ERROR, _UNKNOWN, Actor.AZURE_SUPPORT): _Words(
        "Azure failed at every try.", f"{AGAIN} look at Azure's status page."
    ),
    (GapReason.UNEXPECTED_RESPONSE, _UNKNOWN, Actor.OPERATOR): _Words(
        "Azure gave an answer that this version of cmk_check does not know.",
        f"{AGAIN} look for a newer version of cmk_check, or {SUPPORT}.",
    ),
    (GapReason.MALFORMED_PAGE, _UNKNOWN, Actor.OPERATOR): _Words(
        "Azure's answer did not have the expected shape.",
        f"{AGAIN} check that no proxy answers in Azure's place, and {SUPPORT}.",
    ),
    (GapReason.MALFORMED_ACCOUNT, _UNKNOWN, Actor.AZURE_SUPPORT): _Words(
        "Azure listed accounts without a usable id, which could not be read.",
        "Look for accounts without an id with `az cognitiveservices account list`. If this stays, "
        f"{SUPPORT}.",
    ),
    (GapReason.UNTRUSTED_NEXT_LINK, _UNKNOWN, Actor.AZURE_SUPPORT): _Words(
        "Azure's link to the next page was not followed: it leads to another host, leads back, or "
        "is one too many.",
        f"{AGAIN} {SUPPORT}.",
    ),
    (GapReason.NOT_FOUND, _UNKNOWN, Actor.SUBSCRIPTION_OWNER): _Words(
        "Azure does not find the subscription.",
        "If it was deleted or moved to another tenant, add its id to CMK_EXCLUDE_SUBSCRIPTIONS.",
    ),
    (GapReason.NOT_VISIBLE, _UNKNOWN, Actor.ACCESS_ADMIN): _Words(
        "Azure does not list the subscription for the app's identity.",
        "Assign the identity the role Reader on it. If it is gone or need not be checked, add its "
        "id to CMK_EXCLUDE_SUBSCRIPTIONS.",
    ),
    (GapReason.DISALLOWED, _UNKNOWN, Actor.OPERATOR): _Words(
        "Azure does not allow this type of subscription to use the service.",
        "No access right changes that. Accept it by adding the subscription's id to "
        "CMK_EXCLUDE_SUBSCRIPTIONS.",
    ),
    (GapReason.API_VERSION_UNSUPPORTED, _UNKNOWN, Actor.OPERATOR): _Words(
        "Azure does not serve any api-version that this version of cmk_check can judge.",
        "Look for a newer version of cmk_check. `cmk-check doctor` shows the versions in use.",
    ),
    (GapReason.LIST_INCOMPLETE, _UNKNOWN, Actor.OPERATOR): _Words(
        "Azure's list lacks accounts that are recorded or in Resource Graph, and Azure did not "
        "say that they are gone.",
        f"{AGAIN} register the subscription for Microsoft.CognitiveServices again, add its id to "
        f"CMK_EXCLUDE_SUBSCRIPTIONS, or {SUPPORT}.",
    ),
    (GapReason.SLICE_FAILED, _UNKNOWN, Actor.OPERATOR): _Words(
        "The subscription could not be recorded.",
        "Look for the cause in the app's log. The next scan tries again.",
    ),
}
GAP_REASONS: Final[Mapping[GapReason, ReasonEntry]] = _entries(_GAPS)

# Why key health is what it is.
_KEYS: Final = {
    (KeyReason.VAULT_NOT_FOUND, _ERROR, Actor.KEY_OWNER): _Words(
        "The vault of the key is gone, and without it the account's data cannot be read.",
        "Recover the vault while it is soft-deleted.",
    ),
    (KeyReason.VAULT_SOFT_DELETE_OFF, _WARNING, Actor.KEY_OWNER): _Words(
        "A deleted key or vault is lost at once, and the account's data with it.",
        "Enable soft delete on the vault.",
        "Soft delete of the vault is off. If Azure leaves it out, it is on: since 2025 Azure "
        "enables it on every vault, and a Managed HSM always has it.",
    ),
    (KeyReason.VAULT_PURGE_PROTECTION_OFF, _WARNING, Actor.KEY_OWNER): _Words(
        "A deleted key or vault can be purged at once, and the account's data is lost with it.",
        "Enable purge protection on the vault.",
        "Purge protection is off, or Azure leaves it out.",
    ),
    (KeyReason.VAULT_FIREWALL_BLOCKS_SERVICES, _WARNING, Actor.KEY_OWNER): _Words(
        "The vault's firewall blocks trusted Microsoft services, so the account may not reach its "
        "key.",
        "Allow trusted Microsoft services to bypass the firewall. They cannot pass a network "
        "security perimeter: a vault in one must leave it.",
        "The vault's firewall is closed and does not let trusted Microsoft services through, or "
        "the vault is in a perimeter that overrides that.",
    ),
    (KeyReason.KEY_NOT_FOUND, _ERROR, Actor.KEY_OWNER): _Words(
        "The key, or the version that the account names, is not in the vault, so the account's "
        "data cannot be read.",
        "Recover the key while it is soft-deleted, or restore a backup of it.",
        "There is no key of that name in the vault, or not the version that the account is pinned "
        "to.",
    ),
    (KeyReason.KEY_DISABLED, _ERROR, Actor.KEY_OWNER): _Words(
        "The key is disabled, so the account's data cannot be read.",
        "Enable the version that the account uses, unless it was disabled on purpose.",
        "The version in use is disabled.",
    ),
    (KeyReason.KEY_EXPIRED, _ERROR, Actor.KEY_OWNER): _Words(
        "The key has expired: encrypted data can still be read, but the key cannot protect new "
        "data.",
        "Set a later expiry date, or make a new version and let the account use it.",
        "The version in use has expired.",
    ),
    (KeyReason.KEY_EXPIRES_SOON, _WARNING, Actor.KEY_OWNER): _Words(
        "The key expires within 30 days, and then it cannot protect new data.",
        "Make a new version and let the account use it, or set a later expiry date.",
        "The version in use expires within 30 days, or, if it lives for less than 30 days, within "
        "the last quarter of its life; unless its policy rotates it in time.",
    ),
    (KeyReason.KEY_ROTATION_OVERDUE, _WARNING, Actor.KEY_OWNER): _Words(
        "The key's rotation policy should have made a new version, and there is none.",
        "Rotate the key, and find out why its policy does not: Key Vault cannot rotate an imported "
        "key. If the key is not to rotate, remove the rotation from its policy.",
        "The rotation policy of the key should have made a new version more than a day ago, and "
        "there is none. Not for a key that is disabled.",
    ),
    (KeyReason.KEY_NOT_YET_VALID, _ERROR, Actor.KEY_OWNER): _Words(
        "The key is not valid yet: encrypted data can be read, but the key cannot protect new "
        "data.",
        "Set an earlier activation date, or let the account use another version.",
        "The version in use is not valid before a later date.",
    ),
    (KeyReason.KEY_TYPE_UNSUPPORTED, _ERROR, Actor.ACCOUNT_OWNER): _Words(
        "The key is not an RSA key, and the service accepts no other type.",
        "Set a key of type RSA or RSA-HSM of the same vault on the account.",
        "The key is neither RSA nor RSA-HSM.",
    ),
    (KeyReason.KEY_TOO_SMALL, _ERROR, Actor.ACCOUNT_OWNER): _Words(
        "The key has fewer than 2048 bits, which the service does not accept.",
        "Set an RSA key of 2048 bits of the same vault on the account.",
    ),
    (KeyReason.KEY_OPERATIONS_MISSING, _ERROR, Actor.KEY_OWNER): _Words(
        "The key does not permit wrapping and unwrapping, which the service needs.",
        "Add wrapKey and unwrapKey to the permitted operations of the key.",
    ),
    (KeyReason.VERSION_PINNED, _WARNING, Actor.ACCOUNT_OWNER): _Words(
        "The account stays with one version of its key and does not follow when that version "
        "expires or is replaced.",
        "Remove the version from the account's encryption settings, so that the account follows "
        "the newest one.",
        "The account is pinned to a version that has expired or expires within 30 days, or there "
        "is a newer one.",
    ),
    (KeyReason.VERSION_NOT_LATEST, _WARNING, Actor.ACCOUNT_OWNER): _Words(
        "The key has a newer version. If somebody disables or deletes the older one, the account "
        "loses its key.",
        "Let the account use the newest version.",
        "The account is pinned to a version, and a newer one is enabled and has not expired.",
    ),
    (KeyReason.IDENTITY_MISSING, _ERROR, Actor.ACCOUNT_OWNER): _Words(
        "The account has no identity to reach its key with, so its data cannot be read.",
        "Enable the system-assigned identity or attach the user-assigned one again, and grant it "
        "access to the key.",
        "The account has no system-assigned identity, or not the user-assigned one that its "
        "encryption names.",
    ),
    (KeyReason.IDENTITY_LACKS_PERMISSION, _ERROR, Actor.KEY_OWNER): _Words(
        "The account's identity may not use the key, so the account's data cannot be read.",
        "Grant the identity the role Key Vault Crypto User. If the vault uses access policies, "
        "grant get, wrapKey and unwrapKey.",
        "No grant lets the identity read, wrap and unwrap with the key.",
    ),
    (KeyReason.SCOPE_NOT_CUSTOMER_MANAGED, _WARNING, Actor.ACCOUNT_OWNER): _Words(
        "Encryption scopes of the account are not under a customer-managed key, and neither is the "
        "data in them.",
        "Set a key in Key Vault for each of these scopes, or delete them.",
        "An encryption scope of the account is under Microsoft's key, or does not say under which.",
    ),
    (KeyReason.ACCOUNT_FAILED, _UNKNOWN, Actor.ACCOUNT_OWNER): _Words(
        "The last update of the account failed or was canceled, so Azure does not say whether the "
        "account uses the key that it names.",
        "Repeat the update: set the account's encryption again, and wait until its provisioning "
        "state is Succeeded.",
        "The account's `provisioningState` is `Failed` or `Canceled`.",
    ),
    (KeyReason.CANNOT_READ, _UNKNOWN, Actor.ACCESS_ADMIN): _Words(
        "Something that the health of the key depends on could not be read.",
        "Do what the message says of each missing part.",
        "Something that has to be known could not be read, or Azure did not say it. The reason "
        "names a missing permission.",
    ),
    (KeyReason.MANAGED_HSM_NOT_VERIFIABLE, _WARNING, Actor.KEY_OWNER): _Words(
        "The key is in a Managed HSM, and its roles cannot be read from outside.",
        "Check in the HSM that the identity has the local role Managed HSM Crypto User on the key.",
    ),
    (KeyReason.KEY_SIZE_DISPUTED, _INFO, Actor.NOBODY): _Words(
        "Microsoft's pages disagree on keys above 2048 bits: the page on Azure OpenAI allows 2048 "
        "only, the page on Foundry allows more.",
        _WHILE_IT_WORKS,
        "An RSA key of more than 2048 bits.",
    ),
}
KEY_REASONS: Final[Mapping[KeyReason, ReasonEntry]] = _entries(_KEYS)

# Whether the exception of a non-compliant account is honoured, or why not.
_EXCEPTIONS: Final = {
    (ExceptionReason.HONOURED, _INFO, Actor.NOBODY): _Words(
        "An exemption accepts the violation until its expiry."
    ),
    (ExceptionReason.EXPIRED, _INFO, Actor.ACCOUNT_OWNER): _Words(
        "The exemption has expired.",
        "Set a customer-managed key, or renew the exemption in Azure Policy.",
    ),
    (ExceptionReason.NO_EXPIRY, _INFO, Actor.ACCOUNT_OWNER): _Words(
        "The exemption has no expiry.", "Set an expiry in Azure Policy."
    ),
    (ExceptionReason.EXPIRES_TOO_LATE, _INFO, Actor.ACCOUNT_OWNER): _Words(
        "The exemption expires later than CMK_EXCEPTION_MAX_DAYS allows.",
        "Set an earlier expiry in Azure Policy.",
    ),
    (ExceptionReason.ASSIGNMENT_NOT_TRUSTED, _INFO, Actor.OPERATOR): _Words(
        "The policy is not assigned at a management group, so whoever owns the subscription can "
        "exempt it.",
        "Exempt from an assignment at a management group, or add the assignment's id to "
        "CMK_EXCEPTION_ASSIGNMENTS.",
    ),
    (ExceptionReason.SCOPE_NOT_VALIDATED, _INFO, Actor.ACCOUNT_OWNER): _Words(
        "The exemption switches off Azure's check that the assignment reaches what it exempts.",
        "Create the exemption again with assignmentScopeValidation Default.",
    ),
    (ExceptionReason.NOT_SCOPES_UNCLEAR, _INFO, Actor.ACCOUNT_OWNER): _Words(
        "The assignment leaves out a management group, and cmk_check does not know whether the "
        "account is in it.",
        "Exempt from an assignment that leaves out no management group.",
    ),
    (ExceptionReason.SELECTORS_UNCLEAR, _INFO, Actor.ACCOUNT_OWNER): _Words(
        "The exemption or its assignment has resource selectors that cmk_check does not know.",
        "Use selectors of the kinds resourceLocation and resourceType alone, or none.",
    ),
    (ExceptionReason.MALFORMED_EXEMPTION, _UNKNOWN, Actor.OPERATOR): _Words(
        "The exemption, its assignment or its initiative does not have the documented shape.",
        "Look at the exemption with `az policy exemption show`. If Azure changed the shape, update "
        "cmk_check.",
    ),
    (ExceptionReason.EXEMPTION_UNREAD, _UNKNOWN, Actor.ACCESS_ADMIN): _Words(
        "It could not be read whether an exemption accepts the violation.",
        "Grant the app's identity the missing action, or set CMK_EXCEPTIONS=off.",
    ),
}
EXCEPTION_REASONS: Final[Mapping[ExceptionReason, ReasonEntry]] = _entries(_EXCEPTIONS)

# Under whose keys an account's data outside of the account is; evidence names the stores.
# docs/data-stores.md names the source of each reason.
_DATA: Final = {
    (DataReason.STORE_UNDER_MICROSOFT_KEY, _ERROR, Actor.ACCOUNT_OWNER): _Words(
        "The account keeps data in a store that is under Microsoft's keys.",
        "Set a customer-managed key on each store that the evidence names, or let the account use "
        "another store.",
    ),
    (DataReason.SEARCH_NOT_COMPLIANT, _ERROR, Actor.ACCOUNT_OWNER): _Words(
        "A search service does not enforce a customer-managed key, or says that not all of its "
        "objects are under one.",
        "Enforce customer-managed keys on the search service, and create the objects without one "
        "again.",
    ),
    (DataReason.STORE_KEY_LOST, _ERROR, Actor.KEY_OWNER): _Words(
        "A Cosmos DB account is under a customer-managed key and says that it has lost access to "
        "the key.",
        "Restore the key and the access of the Cosmos DB account's identity to it.",
    ),
    (DataReason.AGENTS_BASIC_SETUP, _WARNING, Actor.ACCOUNT_OWNER): _Words(
        "Agents of a project lack a store of yours for at least one of files, threads and "
        "vectors: these are under Microsoft's keys, even if the account is under yours.",
        "Create the project again with stores of your own (standard agent setup), or delete it.",
    ),
    (DataReason.STORE_UNREAD, _UNKNOWN, Actor.ACCESS_ADMIN): _Words(
        "A store of the account could not be read.",
        "Grant the app's identity the role Reader on the subscription of the store, or a role with "
        "the missing action.",
    ),
    (DataReason.STORE_GONE, _UNKNOWN, Actor.ACCOUNT_OWNER): _Words(
        "The account names a store that Azure does not find.",
        "Restore the store, or let the account use another one.",
    ),
    (DataReason.STORE_NOT_UNDERSTOOD, _UNKNOWN, Actor.OPERATOR): _Words(
        "Azure's answer for a store does not say in the documented words under whose key it is.",
        "Look at the store with `az resource show`. If Azure has new words, update cmk_check. "
        "If it is a Machine Learning project, let the account name the project's hub.",
    ),
    (DataReason.PLACES_UNREAD, _UNKNOWN, Actor.ACCESS_ADMIN): _Words(
        "The account's projects, capability hosts or connections could not be read, which name its "
        "stores.",
        "If an action is missing, grant the app's identity the role Reader, or a role with it. "
        "Otherwise the next scan tries again.",
    ),
    (DataReason.HOST_NOT_READY, _UNKNOWN, Actor.ACCOUNT_OWNER): _Words(
        "A capability host is not ready, so it is not known where agents keep data.",
        "If its state is Failed or Canceled, delete the host and create it again. Otherwise the "
        "next scan looks at it again.",
    ),
    (DataReason.PLACE_NOT_UNDERSTOOD, _UNKNOWN, Actor.ACCOUNT_OWNER): _Words(
        "The account names a store in a way that does not say which resource it is.",
        "Let what the evidence names give the whole resource id of a store. Of a connection, "
        "`metadata.ResourceId` and `target` must name the same store. It is seen within a day, or "
        "at once by a scan of the subscription.",
    ),
    (DataReason.TOO_MANY_STORES, _UNKNOWN, Actor.ACCOUNT_OWNER): _Words(
        "The account has more projects or stores than cmk_check follows.",
        "Let projects share stores, or divide them between several accounts. It is seen within a "
        "day, or at once by a scan of the subscription.",
    ),
    (DataReason.STORED_COMPLETIONS, _INFO, Actor.ACCOUNT_OWNER): _Words(
        "The account may keep stored completions, and Microsoft does not say under whose key.",
        "If none may be kept, set `storedCompletionsDisabled` on the account.",
    ),
}
DATA_REASONS: Final[Mapping[DataReason, ReasonEntry]] = _entries(_DATA)

# Why a posture is what it is; the severity of its reasons decides it.
_POSTURES: Final = {
    (PostureReason.ACCOUNTS_NON_COMPLIANT, _ERROR, Actor.ACCOUNT_OWNER): _Words(
        "At least one account is not under a customer-managed key.", _SEE_FINDINGS
    ),
    (PostureReason.ACCOUNTS_UNKNOWN, _UNKNOWN, Actor.OPERATOR): _Words(
        "At least one account could not be judged.", _SEE_FINDINGS
    ),
    (PostureReason.KEYS_BROKEN, _ERROR, Actor.KEY_OWNER): _Words(
        "At least one compliant account has a key that cannot be used.", _SEE_FINDINGS
    ),
    (PostureReason.KEYS_UNKNOWN, _UNKNOWN, Actor.ACCESS_ADMIN): _Words(
        "At least one compliant account has a key of unknown health.",
        f"{_SEE_FINDINGS} The next scan reads the keys that were never read.",
    ),
    (PostureReason.DATA_EXPOSED, _ERROR, Actor.ACCOUNT_OWNER): _Words(
        "At least one account keeps data in a store that is under Microsoft's keys.", _SEE_FINDINGS
    ),
    (PostureReason.DATA_UNKNOWN, _UNKNOWN, Actor.ACCOUNT_OWNER): _Words(
        "Of at least one account it is not known whether all its data is under your own keys.",
        f"{_SEE_FINDINGS} The next scan reads the stores that were never read.",
    ),
    (PostureReason.SUBSCRIPTIONS_UNREAD, _UNKNOWN, Actor.ACCESS_ADMIN): _Words(
        "At least one subscription could not be read.", "Do what each gap says."
    ),
    (PostureReason.FEWER_SUBSCRIPTIONS_THAN_EXPECTED, _UNKNOWN, Actor.ACCESS_ADMIN): _Words(
        "The app's identity sees fewer subscriptions than expected.",
        "Assign the identity the role Reader on the others, or lower CMK_EXPECT_SUBSCRIPTIONS.",
    ),
    (PostureReason.MANAGEMENT_GROUP_UNREAD, _UNKNOWN, Actor.ACCESS_ADMIN): _Words(
        "The management group could not be read, which names the subscriptions that the app's "
        "identity does not see.",
        "Grant the identity a role with the missing action on the group, or correct or remove "
        "CMK_MANAGEMENT_GROUP.",
    ),
    (PostureReason.NO_SUBSCRIPTION_VISIBLE, _UNKNOWN, Actor.ACCESS_ADMIN): _Words(
        "The app's identity sees no subscription, or none in scope.",
        "Assign the identity the role Reader on the subscriptions or their management group, and "
        "check CMK_INCLUDE_SUBSCRIPTIONS and CMK_EXCLUDE_SUBSCRIPTIONS.",
    ),
    (PostureReason.NO_SCAN_YET, _UNKNOWN, Actor.OPERATOR): _Words(
        "No scan has succeeded yet.",
        "Wait for the schedule, or start a scan. If a scan has failed, its reason says why.",
    ),
    (PostureReason.STALE, _UNKNOWN, Actor.OPERATOR): _Words(
        "The last finished scan is too old.",
        "Check that the schedule still starts scans and that they finish.",
    ),
    (PostureReason.CLOCK_SKEW, _UNKNOWN, Actor.OPERATOR): _Words(
        "The last scan began in the future.", "Set the clock right, here or where the scan ran."
    ),
    (PostureReason.SCAN_FAILED, _UNKNOWN, Actor.OPERATOR): _Words(
        "The last scan failed.", "Do what the scan's reason says. The next scan tries again."
    ),
    (PostureReason.RUNNING_SCAN_FOUND_WORSE, _UNKNOWN, Actor.NOBODY): _Words(
        "The running scan has found an account, key or subscription in a worse state than before.",
        "Wait until the scan ends.",
    ),
    (PostureReason.SCOPE_CHANGED, _UNKNOWN, Actor.OPERATOR): _Words(
        "The settings choose other kinds, subscriptions or rules of exceptions than those of the "
        "last scan.",
        "Wait for the next scan, or start one.",
    ),
    (PostureReason.ACCOUNTS_EXCEPTED, _INFO, Actor.NOBODY): _Words(
        "At least one account is not under a customer-managed key, and has an exception."
    ),
    (PostureReason.NO_ACCOUNTS_IN_SCOPE, _INFO, Actor.NOBODY): _Words(
        "There is no account of a kind in scope."
    ),
    (PostureReason.KINDS_EXCLUDED, _INFO, Actor.OPERATOR): _Words(
        "At least one account of Azure OpenAI or Microsoft Foundry is not judged, because the "
        "settings leave out its kind.",
        "To judge such accounts, add their kind to CMK_KINDS.",
    ),
    (PostureReason.SUBSCRIPTIONS_EXCLUDED, _INFO, Actor.NOBODY): _Words(
        "The settings exclude at least one subscription, which is not read."
    ),
}
POSTURE_REASONS: Final[Mapping[PostureReason, ReasonEntry]] = _entries(_POSTURES)

# How Azure's built-in policy and this rule compare; neither changes the other.
_POLICIES: Final = {
    (PolicyReason.SAME_AS_VERDICT, _INFO, Actor.NOBODY): _Words(
        "The built-in policy says the same of the account."
    ),
    (PolicyReason.KIND_LEFT_OUT, _INFO, Actor.NOBODY): _Words(
        "The built-in policy does not assess accounts of this kind, unless its parameter "
        "excludedKinds is changed."
    ),
    (PolicyReason.KEY_NAME_NOT_CHECKED, _INFO, Actor.NOBODY): _Words(
        "The built-in policy looks at the key source alone. The account names no key, which the "
        "policy does not check."
    ),
    (PolicyReason.KEY_SOURCE_NOT_KEY_VAULT, _INFO, Actor.NOBODY): _Words(
        "The built-in policy calls every key source but Key Vault non-compliant. This rule does "
        "not know the account's key source."
    ),
}
POLICY_REASONS: Final[Mapping[PolicyReason, ReasonEntry]] = _entries(_POLICIES)

SIDE_REASONS: Final[Mapping[KeyReason | DataReason, ReasonEntry]] = dict(
    [*KEY_REASONS.items(), *DATA_REASONS.items()]
)
"""Why the state beside a verdict is what it is."""
CATALOGUE: Final[Mapping[ReasonArea, Collection[tuple[ReasonCode, ReasonEntry]]]] = {
    ReasonArea.VERDICT: VERDICT_REASONS.items(),
    ReasonArea.GAP: GAP_REASONS.items(),
    ReasonArea.KEY: KEY_REASONS.items(),
    ReasonArea.EXCEPTION: EXCEPTION_REASONS.items(),
    ReasonArea.DATA: DATA_REASONS.items(),
    ReasonArea.POSTURE: POSTURE_REASONS.items(),
    ReasonArea.AZURE_POLICY: POLICY_REASONS.items(),
}
