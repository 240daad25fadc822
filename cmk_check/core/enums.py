"""The closed lists of words that rows, answers and messages spell."""

from enum import StrEnum


class Verdict(StrEnum):
    """The answer for one account."""

    COMPLIANT = "compliant"
    NON_COMPLIANT = "non_compliant"
    UNKNOWN = "unknown"

    @property
    def badness(self) -> int:
        """How bad: compliant 0, unknown 1, non_compliant 2."""
        return (Verdict.COMPLIANT, Verdict.UNKNOWN, Verdict.NON_COMPLIANT).index(self)


class Reason(StrEnum):
    """Why an account got its verdict."""

    CUSTOMER_MANAGED_KEY = "customer_managed_key"
    NEVER_CONFIGURED = "never_configured"
    MICROSOFT_MANAGED_KEY = "microsoft_managed_key"
    KEY_NOT_NAMED = "key_not_named"
    UNRECOGNISED_KEY_SOURCE = "unrecognised_key_source"
    MALFORMED = "malformed"
    ROW_TOO_NEW = "row_too_new"


class CheckReason(StrEnum):
    """Why an account of a template or plan could not be judged; never stored."""

    NOT_RESOLVED = "not_resolved"


class KeyState(StrEnum):
    """The health of the key behind a compliant account."""

    HEALTHY = "healthy"
    """Every condition was checked and is met."""
    AT_RISK = "at_risk"
    """It works today; something may end that, or could not be undone."""
    BROKEN = "broken"
    """The key cannot be used now, or not for everything."""
    UNKNOWN = "unknown"
    """Something that must be known could not be read. Each reason says what, and what to do."""

    @property
    def badness(self) -> int:
        """How bad: healthy 0, at_risk 1, unknown 2, broken 3."""
        worse = (KeyState.HEALTHY, KeyState.AT_RISK, KeyState.UNKNOWN, KeyState.BROKEN)
        return worse.index(self)


class KeySeverity(StrEnum):
    """What a reason does to key health; ``NOTICE`` is said and changes nothing."""

    NOTICE = "notice"
    AT_RISK = "at_risk"
    UNKNOWN = "unknown"
    BROKEN = "broken"


class KeyReason(StrEnum):
    """Why key health is what it is; the last is a notice, where Microsoft's pages differ."""

    VAULT_NOT_FOUND = "vault_not_found"
    VAULT_SOFT_DELETE_OFF = "vault_soft_delete_off"
    VAULT_PURGE_PROTECTION_OFF = "vault_purge_protection_off"
    VAULT_FIREWALL_BLOCKS_SERVICES = "vault_firewall_blocks_services"
    KEY_NOT_FOUND = "key_not_found"
    KEY_DISABLED = "key_disabled"
    KEY_EXPIRED = "key_expired"
    KEY_EXPIRES_SOON = "key_expires_soon"
    KEY_ROTATION_OVERDUE = "key_rotation_overdue"
    KEY_NOT_YET_VALID = "key_not_yet_valid"
    KEY_TYPE_UNSUPPORTED = "key_type_unsupported"
    KEY_TOO_SMALL = "key_too_small"
    KEY_OPERATIONS_MISSING = "key_operations_missing"
    VERSION_PINNED = "version_pinned"
    VERSION_NOT_LATEST = "version_not_latest"
    IDENTITY_MISSING = "identity_missing"
    IDENTITY_LACKS_PERMISSION = "identity_lacks_permission"
    SCOPE_NOT_CUSTOMER_MANAGED = "scope_not_customer_managed"
    ACCOUNT_FAILED = "account_failed"
    CANNOT_READ = "cannot_read"
    MANAGED_HSM_NOT_VERIFIABLE = "managed_hsm_not_verifiable"
    KEY_SIZE_DISPUTED = "key_size_disputed"


class KeyRotation(StrEnum):
    """Whether an account follows its key to new versions or stays with one."""

    AUTOMATIC = "automatic"
    PINNED = "pinned"


class ExceptionMode(StrEnum):
    """What exceptions do: nothing is read, they are shown, or they make a violation accepted."""

    OFF = "off"
    SHOW = "show"
    ACCEPT = "accept"


class ExceptionReason(StrEnum):
    """Whether the exception of a non-compliant account is honoured, or why not."""

    HONOURED = "honoured"
    EXPIRED = "expired"
    NO_EXPIRY = "no_expiry"
    EXPIRES_TOO_LATE = "expires_too_late"
    ASSIGNMENT_NOT_TRUSTED = "assignment_not_trusted"
    SCOPE_NOT_VALIDATED = "scope_not_validated"
    NOT_SCOPES_UNCLEAR = "not_scopes_unclear"
    SELECTORS_UNCLEAR = "selectors_unclear"
    MALFORMED_EXEMPTION = "malformed_exemption"
    EXEMPTION_UNREAD = "exemption_unread"


class ExceptionState(StrEnum):
    """By which findings are listed: with an honoured exception, another one, or none."""

    HONOURED = "honoured"
    NOT_HONOURED = "not_honoured"
    NONE = "none"


class DueState(StrEnum):
    """By which findings are listed that have a due date."""

    UPCOMING = "upcoming"
    OVERDUE = "overdue"


class ExceptionEnd(StrEnum):
    """Why an honoured exception has ended."""

    EXPIRED = "expired"
    """Its expiry has passed."""
    REMOVED = "removed"
    """The exemption is gone."""
    NOT_HONOURED = "not_honoured"
    """It exists, and is no longer honoured."""
    NO_LONGER_NEEDED = "no_longer_needed"
    """The account is no longer non-compliant."""


class CoverageState(StrEnum):
    """How far a subscription is known.

    ``PENDING`` stands in the row of a subscription from the mark of its first recording until that
    recording is complete, and so again after it was retired. It counts neither as read nor as a
    gap.
    """

    READ = "read"
    GAP = "gap"
    EXCLUDED = "excluded"
    RETIRED = "retired"
    PENDING = "pending"


class GapReason(StrEnum):
    """Why a subscription could not be read to its end."""

    FORBIDDEN = "forbidden"
    UNAUTHENTICATED = "unauthenticated"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    SERVER_ERROR = "server_error"
    UNEXPECTED_RESPONSE = "unexpected_response"
    MALFORMED_PAGE = "malformed_page"
    MALFORMED_ACCOUNT = "malformed_account"
    UNTRUSTED_NEXT_LINK = "untrusted_next_link"
    NOT_FOUND = "not_found"
    NOT_VISIBLE = "not_visible"
    DISALLOWED = "disallowed"
    API_VERSION_UNSUPPORTED = "api_version_unsupported"
    LIST_INCOMPLETE = "list_incomplete"
    SLICE_FAILED = "slice_failed"


class RemovalReason(StrEnum):
    """Why a finding was removed, or a gap left the scope; the last two are of gaps alone."""

    GONE = "gone"
    """Azure confirms that the account is gone."""
    KIND_OUT_OF_SCOPE = "kind_out_of_scope"
    """The kind of the account is no longer in scope."""
    SUBSCRIPTION_EXCLUDED = "subscription_excluded"
    """The settings exclude the subscription."""
    SUBSCRIPTION_RETIRED = "subscription_retired"
    """Azure lists the subscription as deleted."""
    NOT_IN_MANAGEMENT_GROUP = "not_in_management_group"
    """Only the management group had named the subscription, and two full scans in a row found that
    it no longer does."""
    SUBSCRIPTION_NOT_FOUND = "subscription_not_found"
    """Only a request for a scan in an earlier version had named the subscription."""


class Disposition(StrEnum):
    """What a scan has to do with a subscription.

    ``UNEXPECTED``: Azure has never listed it, and nothing names it any more but its own row. Rows
    never hold this one.
    """

    READ = "read"
    EXCLUDED = "excluded"
    RETIRED = "retired"
    NOT_VISIBLE = "not_visible"
    UNEXPECTED = "unexpected"


class ScanState(StrEnum):
    """Where a scan stands.

    ``INCOMPLETE`` is finished with at least one gap, or without a subscription that was asked for;
    ``SUPERSEDED`` is a partial scan that another
    scan took the lease from.
    """

    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    ABANDONED = "abandoned"
    SUPERSEDED = "superseded"


class Trigger(StrEnum):
    """What started a scan."""

    TIMER = "timer"
    REQUEST = "request"
    WATCH = "watch"


class WatchState(StrEnum):
    """Whether Resource Graph tells the watch what has changed."""

    SEEING = "seeing"
    BLIND = "blind"


class ChangeType(StrEnum):
    """The CloudEvents types of changes; the fields that are named are those of ``data``."""

    ACCOUNT_DISCOVERED = "cmkcheck.account.discovered"
    """An account appears, as compliant."""
    ACCOUNT_VIOLATED = "cmkcheck.account.violated"
    """An account appears as non-compliant, or becomes non-compliant."""
    ACCOUNT_UNVERIFIABLE = "cmkcheck.account.unverifiable"
    """An account appears as unknown, or becomes unknown."""
    ACCOUNT_RESOLVED = "cmkcheck.account.resolved"
    """An account becomes compliant."""
    ACCOUNT_UPDATED = "cmkcheck.account.updated"
    """The verdict is the same, but the reason, key or owner is another one."""
    ACCOUNT_KIND_CHANGED = "cmkcheck.account.kind_changed"
    """The account is of another kind than before, such as after an upgrade to Microsoft Foundry.
    `before` and `after` also contain `kind`."""
    ACCOUNT_REMOVED = "cmkcheck.account.removed"
    """A complete reading lacks the account, its kind is no longer in scope, or its subscription was
    excluded or retired. `removed` is the reason."""
    ACCOUNT_OVERDUE = "cmkcheck.account.overdue"
    """The violation or broken key was not fixed by its [due date](../due-dates.md). `dueAt` is that
    date, `since` when a scan first found the account so."""
    KEY_DEGRADED = "cmkcheck.key.degraded"
    """The health of the key became worse, there are other reasons, or reasons can no longer be
    seen."""
    KEY_RECOVERED = "cmkcheck.key.recovered"
    """The health of the key became better, or reasons are gone."""
    DATA_EXPOSED = "cmkcheck.data.exposed"
    """A data store that is not under a usable key of yours, or a project without a store, is new or
    was not known. `dataStores` has the `stores` that are not covered (`type`, `id`, `state`), the
    `basicProjects` whose agents lack a store of yours, and the `reasons` (code, severity,
    sentence), at most ten each, new ones first."""
    DATA_COVERED = "cmkcheck.data.covered"
    """All data stores are under your keys, or the account has none any longer."""
    EXCEPTION_STARTED = "cmkcheck.exception.started"
    """An exception is honoured. `exception` has its `id`, `category`, `displayName` and
    `expiresOn`."""
    EXCEPTION_EXPIRING = "cmkcheck.exception.expiring"
    """An honoured exception expires within 14 days, and then within 3 days."""
    EXCEPTION_ENDED = "cmkcheck.exception.ended"
    """An exception is no longer honoured. `ended` is the reason."""
    COVERAGE_LOST = "cmkcheck.coverage.lost"
    """A subscription became a gap."""
    COVERAGE_REGAINED = "cmkcheck.coverage.regained"
    """A subscription can be read again."""
    COVERAGE_REMOVED = "cmkcheck.coverage.removed"
    """A gap left the scope without being read. `removed` is the reason."""
    SCAN_FAILED = "cmkcheck.scan.failed"
    """A scan failed."""
    SCAN_ABANDONED = "cmkcheck.scan.abandoned"
    """A scan was replaced after its lease expired."""
    SCAN_RECOVERED = "cmkcheck.scan.recovered"
    """The first scan that finishes after these."""
    SCAN_BASELINE = "cmkcheck.scan.baseline"
    """The first scan of all finished. `data` has the counts of `accounts`, of `keys` by health
    (null if none was checked), of `dataStores` by state (only if some were read) and of
    `subscriptions`; `brokenKeys` names at most 50 accounts whose key is broken, each by `accountId`
    with the `reasons`."""


class PostureVerdict(StrEnum):
    """The answer for an estate or a subscription.

    ``COMPLIANT_WITH_EXCEPTIONS``: each account that is not compliant has an honoured exception,
    and nothing else speaks against it.
    """

    COMPLIANT = "compliant"
    COMPLIANT_WITH_EXCEPTIONS = "compliant_with_exceptions"
    NON_COMPLIANT = "non_compliant"
    UNKNOWN = "unknown"


class PostureReason(StrEnum):
    """Why a posture is what it is; the last four are informative and never make it worse."""

    ACCOUNTS_NON_COMPLIANT = "accounts_non_compliant"
    ACCOUNTS_UNKNOWN = "accounts_unknown"
    KEYS_BROKEN = "keys_broken"
    KEYS_UNKNOWN = "keys_unknown"
    DATA_EXPOSED = "data_exposed"
    DATA_UNKNOWN = "data_unknown"
    SUBSCRIPTIONS_UNREAD = "subscriptions_unread"
    FEWER_SUBSCRIPTIONS_THAN_EXPECTED = "fewer_subscriptions_than_expected"
    MANAGEMENT_GROUP_UNREAD = "management_group_unread"
    NO_SUBSCRIPTION_VISIBLE = "no_subscription_visible"
    NO_SCAN_YET = "no_scan_yet"
    STALE = "stale"
    CLOCK_SKEW = "clock_skew"
    SCAN_FAILED = "scan_failed"
    RUNNING_SCAN_FOUND_WORSE = "running_scan_found_worse"
    SCOPE_CHANGED = "scope_changed"
    ACCOUNTS_EXCEPTED = "accounts_excepted"
    NO_ACCOUNTS_IN_SCOPE = "no_accounts_in_scope"
    KINDS_EXCLUDED = "kinds_excluded"
    SUBSCRIPTIONS_EXCLUDED = "subscriptions_excluded"


class PolicyState(StrEnum):
    """What Azure's built-in policy says of an account; ``NOT_ASSESSED``: it leaves its kind out."""

    COMPLIANT = "compliant"
    NON_COMPLIANT = "non_compliant"
    NOT_ASSESSED = "not_assessed"


class PolicyReason(StrEnum):
    """How what Azure's built-in policy says compares with our verdict."""

    SAME_AS_VERDICT = "same_as_verdict"
    KIND_LEFT_OUT = "kind_left_out"
    KEY_NAME_NOT_CHECKED = "key_name_not_checked"
    KEY_SOURCE_NOT_KEY_VAULT = "key_source_not_key_vault"


class ControlMapping(StrEnum):
    """Who maps a control: an initiative of Microsoft's, or others for other services of Azure."""

    MICROSOFT = "microsoft"
    BY_ANALOGY = "by_analogy"


class ReasonArea(StrEnum):
    """What a reason is of; ``AZURE_POLICY`` is how Azure's built-in policy compares with us."""

    VERDICT = "verdict"
    GAP = "gap"
    KEY = "key"
    EXCEPTION = "exception"
    DATA = "data"
    POSTURE = "posture"
    AZURE_POLICY = "azure_policy"


class ReasonSeverity(StrEnum):
    """How bad a reason is, on one scale for all areas."""

    INFO = "info"
    """It changes nothing."""
    WARNING = "warning"
    """It works today, and something may end that. Key health calls it `at_risk`."""
    UNKNOWN = "unknown"
    """A fact is missing, so that there is no answer."""
    ERROR = "error"
    """The account, key or estate is not as it must be. Key health calls it `broken`."""


class Actor(StrEnum):
    """Who has to act on a reason."""

    ACCOUNT_OWNER = "account_owner"
    """The owner of the account."""
    KEY_OWNER = "key_owner"
    """The person who manages the key vault and its keys."""
    SUBSCRIPTION_OWNER = "subscription_owner"
    """The owner of the subscription."""
    ACCESS_ADMIN = "access_admin"
    """The person who assigns roles."""
    OPERATOR = "operator"
    """The person who runs this app, its settings and its network."""
    AZURE_SUPPORT = "azure_support"
    """Microsoft, by a support request."""
    NOBODY = "nobody"
    """Nothing has to be done, or it passes."""


class StoreType(StrEnum):
    """What keeps data of an account outside of it."""

    STORAGE_ACCOUNT = "storage_account"
    COSMOS_DB = "cosmos_db"
    SEARCH_SERVICE = "search_service"
    ML_WORKSPACE = "ml_workspace"


class StoreUsage(StrEnum):
    """What an account keeps in a store."""

    FILES = "files"
    THREADS = "threads"
    VECTORS = "vectors"
    SPEECH_AND_LANGUAGE = "speech_and_language"
    CONTENT_MONITORING = "content_monitoring"
    WORKSPACE = "workspace"


class StoreState(StrEnum):
    """Under whose key a store is; ``BROKEN``: under the customer's, which it can no longer use."""

    OWN_KEY = "own_key"
    MICROSOFT_KEY = "microsoft_key"
    BROKEN = "broken"
    UNKNOWN = "unknown"


class DataState(StrEnum):
    """Under whose keys an account's data outside of the account is."""

    OWN_KEYS = "own_keys"
    """Every store that the account names is under a customer-managed key."""
    MICROSOFT_KEYS = "microsoft_keys"
    """At least one store is not."""
    MAY_BE_MICROSOFT_KEYS = "may_be_microsoft_keys"
    """Agents of a project have no store of yours."""
    UNKNOWN = "unknown"
    """A store could not be read or has lost its key, or there are too many."""
    NONE = "none"
    """The account names no store."""


class DataReason(StrEnum):
    """Why the state of an account's data is what it is; the last is information."""

    STORE_UNDER_MICROSOFT_KEY = "store_under_microsoft_key"
    SEARCH_NOT_COMPLIANT = "search_not_compliant"
    STORE_KEY_LOST = "store_key_lost"
    AGENTS_BASIC_SETUP = "agents_basic_setup"
    STORE_UNREAD = "store_unread"
    STORE_GONE = "store_gone"
    STORE_NOT_UNDERSTOOD = "store_not_understood"
    PLACES_UNREAD = "places_unread"
    HOST_NOT_READY = "host_not_ready"
    PLACE_NOT_UNDERSTOOD = "place_not_understood"
    TOO_MANY_STORES = "too_many_stores"
    STORED_COMPLETIONS = "stored_completions"
