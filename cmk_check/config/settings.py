"""The settings, read from environment variables and checked together.

Each message about a fault states the allowed values and what to do. No message repeats a setting's
value, because a value pasted into the wrong variable may be a secret.
"""

import os
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from cmk_check import limits
from cmk_check.config.alert_route_settings import ROUTES, read_routes, route_settings
from cmk_check.config.clouds import CLOUDS, Cloud
from cmk_check.config.http_auth import HttpAuth
from cmk_check.config.misspelt_settings import describe_unknown, split_unknown
from cmk_check.config.setting_values import (
    AssignmentIds,
    Check,
    DefinitionIds,
    SubscriptionIds,
    Switch,
    TagNames,
    TagNamesInOrder,
    check_number,
    check_one_of,
    entries,
    is_true,
    items,
    list_sign_in_faults,
    read_client_id,
    read_group,
    read_kinds,
    schedule,
)
from cmk_check.config.settings_error import SettingsError
from cmk_check.config.storage import (
    LOCAL_HOSTS,
    ConnectionString,
    Fault,
    InMemory,
    Storage,
    StorageByIdentity,
    parse_storage,
    read_storage,
)
from cmk_check.config.webhook import ALERTS, FORMATS, check_secrets, check_types, check_url
from cmk_check.core.alert_routes import WEBHOOK, Route
from cmk_check.core.enums import ExceptionMode
from cmk_check.core.kinds import AZURE_OPENAI, WITHOUT_CUSTOMER_KEYS, is_known
from cmk_check.core.requirements import REQUIREMENTS, Requirement

__all__ = ["ConnectionString", "InMemory", "Settings", "StorageByIdentity"]

_KINDS: Final = "CMK_KINDS"
NO_RECEIVERS: Final = "no_receivers"
HOURLY: Final = "0 0 * * * * for every hour"
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_ORIGIN: Final = re.compile(r"https://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", re.IGNORECASE)


def environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables that have a value; ``environ`` defaults to the process's environment."""
    return {
        name: text
        for name, value in (os.environ if environ is None else environ).items()
        # If empty, this setting switches owners off.
        if (text := value.strip()) or name == "CMK_OWNER_TAGS"
    }


def is_easy_auth_on() -> bool:
    """Return whether App Service Authentication is on, without checking other settings."""
    return is_true(environment().get("WEBSITE_AUTH_ENABLED", ""))


def setting_warnings(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return warnings about probable mistakes that are not faults, keyed by variable.

    The warnings do not contain values. Azure adds kinds of accounts, so an unknown kind is not a
    fault if the list also has a known kind.
    """
    variables = environment(environ)
    _, unknown = misspelt_and_unknown(variables)
    warnings = {name: describe_unknown(name, SETTING_NAMES) for name in unknown}
    kinds, of_kinds = items(variables.get(_KINDS, "")), []
    if which := entries(number for number, kind in enumerate(kinds, 1) if not is_known(kind)):
        of_kinds.append(
            f"names a kind of account that this program does not know ({which}). Check its "
            "spelling: if Azure has no such kind, it selects no account."
        )
    chosen_kinds = {kind.lower() for kind in kinds}
    if hopeless := [kind for kind in WITHOUT_CUSTOMER_KEYS if kind.lower() in chosen_kinds]:
        of_kinds.append(
            f"names {', '.join(hopeless)}: Azure offers no customer-managed keys for such "
            "accounts, so all of them violate the rule. Leave these kinds out."
        )
    if of_kinds:
        warnings[_KINDS] = " It ".join(of_kinds)
    return warnings


def misspelt_and_unknown(
    environ: Mapping[str, str] | None = None,
) -> tuple[dict[str, str], list[str]]:
    """Return misspelt names, each with the setting that is meant, and other unknown names.

    ``Settings.load`` reports the misspelt names as faults.
    """
    variables = environment(environ)
    return split_unknown(variables, SETTING_NAMES | route_settings(variables))


def _is_on_azure(hostname: str | None) -> bool:
    """Return whether the app's ``hostname`` shows that the program is running on Azure."""
    return hostname is not None and hostname.partition(":")[0].lower() not in LOCAL_HOSTS


# The storage settings other than CMK_STORAGE.
OTHER_SETTINGS: Final = {
    "CMK_STORAGE__tableServiceUri": "The https address of the storage account's tables, "
    "to which the app signs in with its identity. Required on Azure, instead of `CMK_STORAGE`.",
    "CMK_STORAGE__queueServiceUri": "The https address of the storage "
    "account's queues. Required on Azure.",
    "CMK_STORAGE__credential": "Must be `managedidentity`: the queue triggers need it.",
    "CMK_STORAGE__clientId": "The client id of the identity that accesses the storage. "
    "Default: the system-assigned identity.",
}


class Settings(BaseModel):
    """All settings of the program.

    ``kinds`` keep their spelling; ids and tags are lower-cased, and ``alert_on`` contains full type
    names. If ``include`` is empty, every subscription is included. ``max_age`` is the maximum age
    of the last finished scan, counted from its start. ``retention`` is how long changes and scans
    are kept. ``repr`` hides secrets, and URLs that contain secrets.

    >>> Settings.load_for_scan(environ={"CMK_MAX_IN_FLIGHT": "8"}).max_in_flight
    8
    """

    # A field is named after its variable, unless an alias is given. `make docs` copies the
    # docstrings of the fields to docs/reference/settings.md; their links are relative to docs/.
    model_config = ConfigDict(
        frozen=True,
        hide_input_in_errors=True,
        alias_generator=lambda name: f"CMK_{name.upper()}",
        use_attribute_docstrings=True,
    )

    # This field comes first, because checks of other settings read it.
    hostname: str | None = Field(None, alias="WEBSITE_HOSTNAME")
    """The app's host name, for links. Unless the name is local, the program runs on Azure."""
    # The URL comes before the secret, because the secret's check reads the URL.
    webhook_url: str | None = Field(None, repr=False)
    """The https URL to which the app posts alerts ([alerts](alerts.md#the-webhook)). Keep the URL
    secret: anyone who knows it can post."""
    webhook_format: Annotated[str, check_one_of(*FORMATS)] = FORMATS[0]
    """The format in which alerts are posted."""
    webhook_secrets: tuple[str, ...] = Field((), alias="CMK_WEBHOOK_SECRET", repr=False)
    """The secret that signs alerts, which is `whsec_` followed by base64. During a rotation, set
    the old and the new secret, separated by a comma."""
    alert_on: Annotated[frozenset[str], Check(check_types, allowed="types of changes")] = ALERTS
    """The types of changes that the app posts as alerts ([all types](reference/changes.md))."""
    given_routes: tuple[Route, ...] = Field((), alias=ROUTES)
    """A JSON list of routes, one for each [receiver of alerts](alerts.md#several-receivers). Set
    `CMK_ROUTES` instead of `CMK_WEBHOOK_URL`."""
    easy_auth: Annotated[bool, BeforeValidator(is_true)] = Field(
        default=False, alias="WEBSITE_AUTH_ENABLED"
    )
    """The platform sets this variable if App Service Authentication is on. Do not set it yourself:
    your value would hide that authentication is off, and anyone could then forge a sign-in.
    [doctor](cli.md#the-settings-of-a-deployed-app) reports such a setting."""
    identity_endpoint: str | None = Field(None, alias="IDENTITY_ENDPOINT", repr=False)
    """The platform sets this variable if the app has a managed identity."""
    storage: Storage
    """The connection string of Azurite, such as `UseDevelopmentStorage=true`. Required on a
    laptop."""
    client_id: Annotated[str | None, Check(read_client_id, allowed="a client id")] = Field(
        None, alias="AZURE_CLIENT_ID"
    )
    """The client id of the identity that reads Azure. Default: the system-assigned identity."""
    cloud: Annotated[str, check_one_of(*CLOUDS)] = "public"
    """The [Azure cloud](settings.md#sovereign-clouds) that contains the accounts."""
    other_arm_url: str | None = Field(None, alias="CMK_ARM_URL")
    """The https origin of a simulator of Azure Resource Manager, for tests. Do not set this
    variable on Azure."""
    kinds: Annotated[tuple[str, ...], Check(read_kinds, allowed="kinds")] = AZURE_OPENAI
    """The kinds of accounts that the app judges. `az cognitiveservices account list-kinds` lists
    Azure's kinds. The program must know at least one of the kinds, such as `OpenAI` or
    `AIServices`. If an entry differs from one of Azure's kinds in one or two characters, the
    program rejects the setting and names the kind. Other unknown entries only cause a warning,
    because Azure adds kinds. A kind for which Azure offers no customer-managed keys, such as
    `ComputerVision`, also causes a warning: all accounts of this kind violate the rule."""
    include: SubscriptionIds = Field(frozenset(), alias="CMK_INCLUDE_SUBSCRIPTIONS")
    """The only subscriptions that the app reads. Other visible subscriptions are `excluded`. If a
    subscription in this list is not visible, the app reports the gap `not_visible`."""
    exclude: SubscriptionIds = Field(frozenset(), alias="CMK_EXCLUDE_SUBSCRIPTIONS")
    """Subscriptions that the app does not read, even if `CMK_INCLUDE_SUBSCRIPTIONS` contains
    them."""
    management_group: Annotated[
        str | None,
        Check(read_group, allowed="the name of a group, or the tenant id for the root group"),
    ] = None
    """A management group that each full scan must cover. If a subscription below the group is not
    visible, the app reports the gap `not_visible`, even if no scan has ever seen it. To accept this
    gap, add the subscription to `CMK_EXCLUDE_SUBSCRIPTIONS`. If the management group cannot be
    read, the posture is at best unknown. This setting requires [one more
    action](permissions.md#the-role)."""
    tags: TagNames = frozenset({"owner", "team", "application", "environment", "costcenter"})
    """The tags of accounts that findings and changes include. Of all other tags, the app stores
    only the tag that names the owner."""
    owner_tags: TagNamesInOrder = ("owner", "contact", "team")
    """The case-insensitive names of tags that can name the [owner](http-api.md#get-apiv1owners) of
    an account. The app uses the first tag with a value, from the account or else from its
    subscription. If the setting is empty, the app stores no owner."""
    max_age: Annotated[timedelta, check_number(*limits.MAX_AGE_MINUTES_RANGE, of=_MINUTE)] = Field(
        timedelta(minutes=180), alias="CMK_MAX_AGE_MINUTES"
    )
    """The maximum age of the last finished scan, counted from its start. Results of an older scan
    are stale."""
    max_in_flight: Annotated[int, check_number(*limits.IN_FLIGHT_RANGE)] = limits.DEFAULT_IN_FLIGHT
    """The maximum for [four numbers](architecture.md#a-scan): the subscriptions that a process
    lists at once, the subscriptions that it records at once, its requests to Azure in flight, and
    the subscriptions that `cmk-check doctor` reads at once. At most three quarters of the requests
    in flight are for [key health](key-health.md), so that slow vaults do not delay the lists of
    accounts."""
    scan_schedule: Annotated[str | None, schedule(HOURLY)] = None
    """When scans start: an NCRONTAB expression in UTC, such as `0 0 * * * *` for hourly. Required,
    because the Functions host needs a schedule to start the timer. The app reads this setting only
    when it starts."""
    watch_schedule: Annotated[str | None, schedule("0 1/2 * * * * for every two minutes")] = None
    """When the app checks for [changes](operations.md#the-watch-for-changes) between scans: an
    NCRONTAB expression in UTC, such as `0 1/2 * * * *` for every two minutes. Without a schedule,
    only scans find changes. The app reads this setting only when it starts."""
    digest_schedule: Annotated[str | None, schedule("0 0 8 * * 1 for every Monday at 8:00")] = None
    """When each receiver of alerts gets a [digest](alerts.md#the-digest): an NCRONTAB expression in
    UTC, such as `0 0 8 * * 1` for every Monday at 8:00. Without a schedule, there are no digests.
    The app reads this setting only when it starts."""
    http_auth: Annotated[HttpAuth, check_one_of("keys", "entra")] = "keys"
    """How callers are authorised: by function keys, or by App Service Authentication. The app reads
    this setting only when it starts."""
    action_group: Annotated[str | None, check_one_of(NO_RECEIVERS, "receivers")] = None
    """Whether the deployment gave the alert rules' action group a receiver. The deployment template
    sets this variable. [doctor](cli.md#the-settings-of-a-deployed-app) warns if the action group
    has no receiver."""
    changes_queue: Switch = False
    """Whether the app also sends changes to the `cmk-changes` queue, for your own programs
    ([alerts](alerts.md#a-consumer-of-the-queue))."""
    retention: Annotated[timedelta, check_number(*limits.RETENTION_DAYS_RANGE, of=_DAY)] = Field(
        timedelta(days=400), alias="CMK_RETENTION_DAYS"
    )
    """How long the app keeps changes and scans."""
    cross_check: Switch = True
    """Whether each slice compares Azure's lists of accounts with Resource Graph
    ([details](operations.md#lists-that-lack-accounts)), with one query per slice."""
    key_health: Switch = True
    """Whether the app checks the keys of compliant accounts ([key health](key-health.md)). This
    check requires [more permissions](permissions.md#the-role) and more requests."""
    exceptions: Annotated[ExceptionMode, check_one_of(*ExceptionMode)] = ExceptionMode.SHOW
    """Whether the app ignores [Azure Policy exemptions](exceptions.md), only shows them, or accepts
    violations with an honoured exemption."""
    exception_days: Annotated[int, check_number(*limits.EXCEPTION_DAYS_RANGE)] = Field(
        limits.DEFAULT_EXCEPTION_DAYS, alias="CMK_EXCEPTION_MAX_DAYS"
    )
    """The maximum time until an exemption expires. An exemption that expires later is not
    honoured."""
    exception_policies: DefinitionIds = frozenset()
    """Policies whose exemptions count, in addition to the built-in policy and [our own
    policy](azure-policy.md#our-own-policy)."""
    exception_assignments: AssignmentIds = frozenset()
    """Policy assignments whose exemptions are honoured although the scope of the assignment is not
    a management group."""
    fix_within: Annotated[
        timedelta | None, check_number(*limits.FIX_WITHIN_DAYS_RANGE, of=_DAY)
    ] = Field(None, alias="CMK_FIX_WITHIN_DAYS")
    """The number of days from the first scan that finds a violation or a broken key to the [due
    date](exceptions.md#due-dates). By default, there are no due dates."""
    # This field comes after the setting that its check reads.
    require_healthy_keys: Switch = Field(default=False, alias="CMK_REQUIRE_HEALTHY_KEYS")
    """Whether key health affects the posture. If on, a broken key makes the posture non-compliant,
    and a key of unknown health makes the posture at best unknown. Requires `CMK_KEY_HEALTH`."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read all settings; ``environ`` defaults to the process's environment.

        Raises:
            SettingsError: settings are invalid; the error lists every fault by variable.
        """
        variables = environment(environ)
        storage, faults = read_storage(variables)
        return cls._validate(variables, storage, faults)

    @classmethod
    def load_for_scan(
        cls,
        store: str | None = None,
        subscriptions: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Read the settings for a scan that a person starts, with the same errors as ``load``.

        ``store`` is the storage to use (see ``config.storage.parse_storage``). Without ``store``,
        everything stays in memory even if the environment names a storage account, because a test
        on a laptop must not write to the app's tables. If ``subscriptions`` are given, the scan
        reads only these subscriptions.
        """
        variables = environment(environ)
        storage: Storage | None = InMemory()
        faults: list[Fault] = []
        if store is not None:
            storage, faults = parse_storage(store, variables)
        if subscriptions:
            variables["CMK_INCLUDE_SUBSCRIPTIONS"] = ",".join(subscriptions)
        return cls._validate(variables, storage, faults)

    @classmethod
    def _validate(
        cls, variables: Mapping[str, str], storage: Storage | None, faults: list[Fault]
    ) -> Self:
        faults += [
            (name, f"must be called {setting}; rename it, or remove it")
            for name, setting in misspelt_and_unknown(variables)[0].items()
        ]
        on_azure = _is_on_azure(variables.get("WEBSITE_HOSTNAME"))
        if not on_azure:
            faults += list_sign_in_faults(variables)
        routes, more = read_routes(variables, on_azure=on_azure)
        faults += more
        # A missing storage is already a fault, so a placeholder is enough.
        read = {"CMK_STORAGE": storage or ConnectionString(""), ROUTES: routes}
        try:
            settings = cls.model_validate({**variables, **read})
        except ValidationError as error:
            faults += [
                (str(detail["loc"][0]), detail["msg"].removeprefix("Value error, "))
                for detail in error.errors(include_url=False)
            ]
        if faults:
            raise SettingsError(faults)
        return settings

    @field_validator("webhook_url")
    @classmethod
    def _check_webhook_url(cls, value: str, info: ValidationInfo) -> str:
        return check_url(value, on_azure=_is_on_azure(info.data.get("hostname")))

    @field_validator("webhook_secrets", mode="before")
    @classmethod
    def _check_webhook_secrets(cls, value: str, info: ValidationInfo) -> tuple[str, ...]:
        secrets = check_secrets(value)
        # An invalid URL is missing from the data and reported separately.
        if info.data.get("webhook_url", "") is None:
            raise ValueError("needs CMK_WEBHOOK_URL; set both or remove the secret")
        return secrets

    @field_validator("other_arm_url")
    @classmethod
    def _check_arm_url(cls, value: str, info: ValidationInfo) -> str:
        if _is_on_azure(info.data.get("hostname")):
            raise ValueError("must not be set on Azure; remove it and use CMK_CLOUD")
        origin = value.removesuffix("/").lower()
        if not _ORIGIN.fullmatch(origin):
            raise ValueError("must be an https origin; write https://host:port without a path")
        return origin

    @field_validator("require_healthy_keys")
    @classmethod
    def _check_is_read(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's
        if value and info.data.get("key_health") is False:
            raise ValueError(
                "must be off while CMK_KEY_HEALTH is off, because then no key is read; turn "
                "CMK_KEY_HEALTH on, or turn this setting off"
            )
        return value

    @property
    def requires(self) -> frozenset[Requirement]:
        """The requirements that the settings switch on."""
        return frozenset(each for each in REQUIREMENTS if getattr(self, f"require_{each.name}", 0))

    @property
    def on_azure(self) -> bool:
        """Whether the program is running on Azure."""
        return _is_on_azure(self.hostname)

    @property
    def routes(self) -> tuple[Route, ...]:
        """The alert routes: those in CMK_ROUTES, or a single route for the webhook."""
        if self.webhook_url is None:
            return self.given_routes
        return (Route(WEBHOOK, self.webhook_url, self.webhook_format, self.webhook_secrets),)

    @property
    def digests(self) -> tuple[str, tuple[str, ...]] | None:
        """The schedule of digests and the routes that get digests, or None without digests."""
        schedule = self.digest_schedule
        return (schedule, tuple(each.name for each in self.routes)) if schedule else None

    @property
    def addresses(self) -> Cloud:
        """The cloud's addresses, in which CMK_ARM_URL replaces Azure Resource Manager's address."""
        cloud, other = CLOUDS[self.cloud], self.other_arm_url
        return cloud._replace(arm_url=other, token_scope=f"{other}/.default") if other else cloud

    @property
    def managed_identity(self) -> bool:
        """Whether a managed identity is available for signing in."""
        return self.on_azure or self.identity_endpoint is not None


SETTING_NAMES: Final = frozenset(
    {*OTHER_SETTINGS, *(str(field.alias) for field in Settings.model_fields.values())}
)
