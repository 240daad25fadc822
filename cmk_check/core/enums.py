"""Enumerations whose values are stored in rows or appear in API responses and messages."""

from enum import StrEnum


class Verdict(StrEnum):
    """The result of judging one account by the rule."""

    COMPLIANT = "compliant"
    NON_COMPLIANT = "non_compliant"
    UNKNOWN = "unknown"

    @property
    def badness(self) -> int:
        """The verdict's severity: 0 for compliant, 1 for unknown, 2 for non_compliant."""
        return (Verdict.COMPLIANT, Verdict.UNKNOWN, Verdict.NON_COMPLIANT).index(self)


class Reason(StrEnum):
    """The reason for an account's verdict."""

    CUSTOMER_MANAGED_KEY = "customer_managed_key"
    NEVER_CONFIGURED = "never_configured"
    MICROSOFT_MANAGED_KEY = "microsoft_managed_key"
    KEY_NOT_NAMED = "key_not_named"
    UNRECOGNISED_KEY_SOURCE = "unrecognised_key_source"
    MALFORMED = "malformed"
    ROW_TOO_NEW = "row_too_new"


class CheckReason(StrEnum):
    """Why an account in a template or plan could not be judged, or what its deployment removes."""

    NOT_RESOLVED = "not_resolved"
    ACCOUNT_LOST = "account_lost"
    KEY_LOST = "key_lost"


class KeyState(StrEnum):
    """The health of the key behind a compliant account."""

    HEALTHY = "healthy"
    """Every condition was checked and is met."""
    AT_RISK = "at_risk"
    """The key works today, but may stop working, or a loss could not be undone."""
    BROKEN = "broken"
    """The key cannot be used now, or only for some operations."""
    UNKNOWN = "unknown"
    """A required fact could not be read. Each reason says which, and what to do."""

    @property
    def badness(self) -> int:
        """The state's severity: 0 for healthy, 1 for at_risk, 2 for unknown, 3 for broken."""
        worse = (KeyState.HEALTHY, KeyState.AT_RISK, KeyState.UNKNOWN, KeyState.BROKEN)
        return worse.index(self)


class KeySeverity(StrEnum):
    """The effect of a reason on key health; a ``NOTICE`` is only shown and has no effect."""

    NOTICE = "notice"
    AT_RISK = "at_risk"
    UNKNOWN = "unknown"
    BROKEN = "broken"


class KeyReason(StrEnum):
    """The reasons for key health; the last one is a notice, because Microsoft's pages disagree."""

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
    ACCOUNT_FAILED = "account_failed"
    CANNOT_READ = "cannot_read"
    MANAGED_HSM_NOT_VERIFIABLE = "managed_hsm_not_verifiable"
    KEY_SIZE_DISPUTED = "key_size_disputed"


class KeyRotation(StrEnum):
    """Whether an account follows its key to new versions or uses a fixed version of the key."""

    AUTOMATIC = "automatic"
    PINNED = "pinned"


class ExceptionMode(StrEnum):
    """Whether the app ignores exceptions, only shows them, or accepts the excepted violations."""

    OFF = "off"
    SHOW = "show"
    ACCEPT = "accept"


class ExceptionReason(StrEnum):
    """The reason why a non-compliant account's exception is or is not honoured."""

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
    """A filter for findings whose exception is honoured, is not honoured, or does not exist."""

    HONOURED = "honoured"
    NOT_HONOURED = "not_honoured"
    NONE = "none"


class DueState(StrEnum):
    """A filter for findings whose due date is upcoming or overdue."""

    UPCOMING = "upcoming"
    OVERDUE = "overdue"


class ExceptionEnd(StrEnum):
    """Why an honoured exception has ended."""

    EXPIRED = "expired"
    """The exemption has expired."""
    REMOVED = "removed"
    """The exemption no longer exists."""
    NOT_HONOURED = "not_honoured"
    """The exemption exists but is no longer honoured."""
    NO_LONGER_NEEDED = "no_longer_needed"
    """The account is no longer non-compliant."""


class CoverageState(StrEnum):
    """How much the app knows about a subscription.

    A subscription is ``PENDING`` during its first recording, and during the first recording after
    it was retired. A pending subscription counts neither as read nor as a gap.
    """

    READ = "read"
    GAP = "gap"
    EXCLUDED = "excluded"
    RETIRED = "retired"
    PENDING = "pending"


class GapReason(StrEnum):
    """Why a subscription could not be read completely."""

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
    """Why a finding was removed or a gap left the scope; the last member applies only to gaps."""

    GONE = "gone"
    """Azure confirms that the account is gone."""
    KIND_OUT_OF_SCOPE = "kind_out_of_scope"
    """The kind of the account is no longer in scope."""
    SUBSCRIPTION_EXCLUDED = "subscription_excluded"
    """The settings exclude the subscription."""
    SUBSCRIPTION_RETIRED = "subscription_retired"
    """Azure lists the subscription as deleted."""
    NOT_IN_MANAGEMENT_GROUP = "not_in_management_group"
    """Only the management group named the subscription, and two full scans in a row found that it
    no longer does."""


class Disposition(StrEnum):
    """What a scan must do with a subscription.

    ``UNEXPECTED`` means that Azure has never listed the subscription, and that now only a row in
    the table names it. Rows never contain ``UNEXPECTED``.
    """

    READ = "read"
    EXCLUDED = "excluded"
    RETIRED = "retired"
    NOT_VISIBLE = "not_visible"
    UNEXPECTED = "unexpected"


class ScanState(StrEnum):
    """The state of a scan.

    An ``INCOMPLETE`` scan finished with a gap or without a requested subscription. A ``SUPERSEDED``
    scan is a partial scan that lost its lease to another scan.
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
    """Whether Resource Graph returned changes when the app last requested them."""

    SEEING = "seeing"
    BLIND = "blind"


class ChangeType(StrEnum):
    """The CloudEvents types of changes; ``data`` contains the fields named in the descriptions."""

    ACCOUNT_DISCOVERED = "cmkcheck.account.discovered"
    """A new account is compliant."""
    ACCOUNT_VIOLATED = "cmkcheck.account.violated"
    """A new account is non-compliant, or an account becomes non-compliant."""
    ACCOUNT_UNVERIFIABLE = "cmkcheck.account.unverifiable"
    """A new account is unknown, or an account becomes unknown."""
    ACCOUNT_RESOLVED = "cmkcheck.account.resolved"
    """An account becomes compliant."""
    ACCOUNT_UPDATED = "cmkcheck.account.updated"
    """The reason, key or owner of an account has changed, but not the verdict."""
    ACCOUNT_KIND_CHANGED = "cmkcheck.account.kind_changed"
    """An account's kind has changed, for example because of an upgrade to Microsoft Foundry.
    `before` and `after` also contain `kind`."""
    ACCOUNT_REMOVED = "cmkcheck.account.removed"
    """An account is missing from a complete reading, the account's kind is no longer in scope, or
    its subscription was excluded or retired. `removed` contains the reason."""
    ACCOUNT_OVERDUE = "cmkcheck.account.overdue"
    """A violation or broken key was not fixed by its [due date](../exceptions.md#due-dates).
    `dueAt` is that date; `since` is the time when a scan first found the problem."""
    KEY_DEGRADED = "cmkcheck.key.degraded"
    """The health of a key got worse, there are new reasons, or the app can no longer check earlier
    reasons."""
    KEY_RECOVERED = "cmkcheck.key.recovered"
    """The health of a key improved, or some reasons no longer apply."""
    EXCEPTION_STARTED = "cmkcheck.exception.started"
    """An exception is honoured from now on. `exception` contains its `id`, `category`,
    `displayName` and `expiresOn`."""
    EXCEPTION_EXPIRING = "cmkcheck.exception.expiring"
    """An honoured exception expires within 14 days, and again within 3 days."""
    EXCEPTION_ENDED = "cmkcheck.exception.ended"
    """An exception is no longer honoured. `ended` contains the reason."""
    COVERAGE_LOST = "cmkcheck.coverage.lost"
    """A subscription became a gap."""
    COVERAGE_REGAINED = "cmkcheck.coverage.regained"
    """A subscription can be read again."""
    COVERAGE_REMOVED = "cmkcheck.coverage.removed"
    """A subscription with a gap left the scope before a scan could read it. `removed` contains the
    reason."""
    SCAN_FAILED = "cmkcheck.scan.failed"
    """A scan failed."""
    SCAN_ABANDONED = "cmkcheck.scan.abandoned"
    """A scan was replaced after its lease expired."""
    SCAN_RECOVERED = "cmkcheck.scan.recovered"
    """A scan finished for the first time after a failed or abandoned scan."""
    SCAN_BASELINE = "cmkcheck.scan.baseline"
    """The very first scan finished. `data` contains the counts of `accounts`, of `keys` by health
    (null if no key was checked) and of `subscriptions`. `brokenKeys` lists at most 50 accounts with
    a broken key, each with its `accountId` and the `reasons`."""


class PostureVerdict(StrEnum):
    """The overall result for an estate or a subscription.

    ``COMPLIANT_WITH_EXCEPTIONS`` means that each non-compliant account has an honoured exception
    and that nothing else prevents "compliant".
    """

    COMPLIANT = "compliant"
    COMPLIANT_WITH_EXCEPTIONS = "compliant_with_exceptions"
    NON_COMPLIANT = "non_compliant"
    UNKNOWN = "unknown"


class PostureReason(StrEnum):
    """The reasons for a posture; the last five are informational and never make a posture worse."""

    ACCOUNTS_NON_COMPLIANT = "accounts_non_compliant"
    ACCOUNTS_UNKNOWN = "accounts_unknown"
    KEYS_BROKEN = "keys_broken"
    KEYS_UNKNOWN = "keys_unknown"
    SUBSCRIPTIONS_UNREAD = "subscriptions_unread"
    MANAGEMENT_GROUP_UNREAD = "management_group_unread"
    NO_SUBSCRIPTION_VISIBLE = "no_subscription_visible"
    EARLIER_BUILD = "earlier_build"
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
    CHANGES_UNPUBLISHED = "changes_unpublished"
    ALERTS_UNDELIVERED = "alerts_undelivered"
    DIGEST_UNDELIVERED = "digest_undelivered"


class MessageType(StrEnum):
    """The types of messages that are not changes and therefore never appear in the change feed."""

    DIGEST = "cmkcheck.digest"


class ControlMapping(StrEnum):
    """Who maps a control to the rule: a Microsoft initiative, or a third party by analogy."""

    MICROSOFT = "microsoft"
    BY_ANALOGY = "by_analogy"


class ReasonArea(StrEnum):
    """The subject area of a reason."""

    VERDICT = "verdict"
    GAP = "gap"
    KEY = "key"
    EXCEPTION = "exception"
    POSTURE = "posture"


class ReasonSeverity(StrEnum):
    """The severity of a reason, on one scale for the reasons of all areas."""

    INFO = "info"
    """It has no effect."""
    WARNING = "warning"
    """Everything works today, but may stop working. Key health calls this `at_risk`."""
    UNKNOWN = "unknown"
    """A fact is missing, so there is no answer."""
    ERROR = "error"
    """The account, key or estate is not as it must be. Key health calls this `broken`."""


class Actor(StrEnum):
    """The person or organization who must act on a reason."""

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
    """Microsoft, through a support request."""
    NOBODY = "nobody"
    """No action is needed, or the problem passes."""
