"""Parse the JSON of accounts, projects, capability hosts, connections and stores; never raises.

Sources: Microsoft's pages "Set up standard agent resources" and "Configure capability settings",
and the references of Microsoft.CognitiveServices, Microsoft.Storage, Microsoft.DocumentDB,
Microsoft.Search and Microsoft.MachineLearningServices.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from cmk_check.core.data_stores.facts import AccountPlaces, Place, StoreKey
from cmk_check.core.enums import StoreType, StoreUsage
from cmk_check.core.text import GUID, as_object, clean_text, fold_id
from cmk_check.limits import MAX_WORD_BYTES

type Store = tuple[StoreType, str, str]
type Connections = Mapping[str, Store | None]
"""The stores of connections by folded connection name, None if the store is not clear."""
type NamedConnections = tuple[tuple[StoreUsage, str], ...]
"""What a capability host keeps, and in which connection; "" for a name that is not a string."""

# The ids of stores come from free text: only exact matches are requested. The patterns are ASCII,
# because the kelvin sign, for example, would otherwise match the letter k. The name of a group may
# also have other letters and brackets; a name of only dots would lead to another path.
_SCOPE: Final = (
    rf"/subscriptions/{GUID}"
    r"/resourcegroups/(?!\.+/)[^/\x00-\x20\x7f-\x9f\ud800-\udfff]{1,90}/providers/"
)
_TYPES: Final = {
    StoreType.STORAGE_ACCOUNT: r"microsoft\.storage/storageaccounts/([a-z0-9]{3,24})",
    StoreType.COSMOS_DB: r"microsoft\.documentdb/databaseaccounts/([a-z0-9-]{3,50})",
    StoreType.SEARCH_SERVICE: r"microsoft\.search/searchservices/([a-z0-9-]{2,60})",
    StoreType.ML_WORKSPACE: r"microsoft\.machinelearningservices/workspaces/([a-z0-9_-]{2,33})",
}

_STORAGE: Final = (StoreType.STORAGE_ACCOUNT,)
OF_USE: Final[Mapping[StoreUsage, tuple[StoreType, ...]]] = {
    StoreUsage.FILES: _STORAGE,
    StoreUsage.THREADS: (StoreType.COSMOS_DB,),
    StoreUsage.VECTORS: (StoreType.SEARCH_SERVICE, StoreType.COSMOS_DB),
    StoreUsage.SPEECH_AND_LANGUAGE: _STORAGE,
    StoreUsage.CONTENT_MONITORING: _STORAGE,
    StoreUsage.WORKSPACE: (StoreType.ML_WORKSPACE,),
}
OF_AGENTS: Final = (StoreUsage.FILES, StoreUsage.THREADS, StoreUsage.VECTORS)
_OF_ACCOUNT: Final = (
    (StoreUsage.SPEECH_AND_LANGUAGE, "userOwnedStorage", "resourceId"),
    (StoreUsage.CONTENT_MONITORING, "raiMonitorConfig", "adxStorageResourceId"),
    (StoreUsage.WORKSPACE, "amlWorkspace", "resourceId"),
)
_PROJECTS: Final = ("allowProjectManagement", "defaultProject", "associatedProjects")
_COMPLETIONS: Final = "storedCompletionsDisabled"
_NAMES: Final = frozenset({name for _, name, _ in _OF_ACCOUNT} | {*_PROJECTS, _COMPLETIONS})
_NOTHING: Final = (None, "")
_PLAIN: Final = {
    "openai": AccountPlaces(may_keep_completions=True),
    "aiservices": AccountPlaces(has_projects=True, may_keep_completions=True),
}
_NOWHERE: Final = AccountPlaces()
_SETTINGS: Final = ("blobStore", "documentStore", "vectorStore")
_READY: Final = "succeeded"
_HOST: Final = ("storageConnections", "threadStorageConnections", "vectorStoreConnections")
# The domains of all clouds; names are unique only among stores of one type.
_DOMAINS: Final = {
    StoreType.STORAGE_ACCOUNT: r"(z\d+\.)?(blob|dfs)\."
    r"(core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)|storage\.azure\.net)",
    StoreType.COSMOS_DB: r"documents\.azure\.(com|us|cn)",
    StoreType.SEARCH_SERVICE: r"search\.(windows\.net|azure\.us|azure\.cn)",
}
_CONFIRMED: Final = "access to the configured customer managed key confirmed"
_PROJECT: Final = re.compile(r"(?!\.+$)[A-Za-z0-9._-]{1,64}")


def account_places(kind: object, properties: object) -> AccountPlaces:
    """Parse the properties of an account."""
    if not isinstance(properties, dict):
        return AccountPlaces(is_malformed=True)
    plain = _PLAIN.get(str(kind).lower(), _NOWHERE)
    if _NAMES.isdisjoint(properties):  # true for most accounts, and there are many
        return plain
    places = (
        _place(use, _named(entry, member), name)
        for use, name, member in _OF_ACCOUNT
        for entry in _listed(properties.get(name))
    )
    named = (entry for name in _PROJECTS[1:] for entry in _listed(properties.get(name)))
    return AccountPlaces(
        _sorted(places),
        has_projects=any(properties.get(name) for name in _PROJECTS)
        # An account that does not mention projects may have some.
        or (plain.has_projects and properties.get(_PROJECTS[0]) is not False),
        may_keep_completions=plain.may_keep_completions
        and properties.get(_COMPLETIONS) is not True,
        projects=tuple(
            sorted({(_last_part(entry) or "").lower() for entry in named if entry != ""})
        ),
    )


def project_name(entry: object) -> str | None:
    """Return the name of a listed project if it is fit for a path, else None."""
    return _last_part(as_object(entry).get("name"))


def _last_part(text: object) -> str | None:
    name = text.rpartition("/")[2] if isinstance(text, str) else ""
    return name if _PROJECT.fullmatch(name) else None


def settings_places(document: object, project: str) -> tuple[Place, ...]:
    """Parse the effective capability settings in the document of a project."""
    settings = _member(_member(document, "properties"), "capabilitySettings")
    is_usable = isinstance(settings, dict | None)
    places = (
        _place(use, _member(settings, name) if is_usable else settings, name, project)
        for use, name in zip(OF_AGENTS, _SETTINGS, strict=True)
    )
    return _sorted(places)


def named_connections(hosts: Iterable[object]) -> NamedConnections:
    """Parse listed capability hosts."""
    return tuple(
        (use, name if isinstance(name, str) else "")
        for host in hosts
        for properties in [_member(host, "properties")]
        for use, member in zip(OF_AGENTS, _HOST, strict=True)
        for name in _listed(_member(properties, member) if isinstance(properties, dict) else "")
    )


def unready_hosts(hosts: Iterable[object]) -> tuple[str, ...]:
    """Return the names of listed capability hosts that Azure does not report as ready.

    States are Creating, Updating, Deleting, Succeeded, Failed and Canceled.
    """
    return tuple(
        clean_text(_member(host, "name"), MAX_WORD_BYTES) or "?"
        for host in hosts
        if _word(_member(host, "properties"), "provisioningState") != _READY
    )


def parse_connections(entries: Iterable[object]) -> Connections:
    """Parse listed connections; if two have the same name, neither is used."""
    found: dict[str, Store | None] = {}
    for entry in map(as_object, entries):
        name = str(entry.get("name")).rpartition("/")[2].casefold()
        found[name] = None if name in found else _connected(entry)
    return found


def resolved(
    named: NamedConnections, project: str | None, *known: Connections
) -> tuple[Place, ...]:
    """Return the places that capability hosts name; the first of ``known`` with a name counts."""
    places: list[Place] = []
    for use, name in named:
        folded = name.casefold()
        store = next((each[folded] for each in known if folded in each), None)
        if store is not None and store[0] in OF_USE[use]:
            places.append(Place(*store, use, project))
        else:
            places.append(_unusable(use, name, project))
    return _sorted(places)


def _connected(entry: dict[str, object]) -> Store | None:
    """Return the store of a connection.

    The metadata is free text and the target is where data goes: both must name the same store.
    """
    properties = entry.get("properties")
    store = _store(_member(_member(properties, "metadata"), "ResourceId"), _DOMAINS)
    target = _member(properties, "target")
    try:
        host = urlsplit(target).hostname if isinstance(target, str) else None
    except ValueError:
        return None
    if store is None:
        return None
    pattern = rf"{re.escape(store[2])}\.{_DOMAINS[store[0]]}"
    return store if re.fullmatch(pattern, host or "", re.ASCII) else None


def _store(text: object, types: Collection[StoreType]) -> Store | None:
    """Return type, id and name of a store of one of these types, None for anything else."""
    store_id = fold_id(text)
    for kind in types:
        if found := re.fullmatch(f"{_SCOPE}{_TYPES[kind]}", store_id, re.ASCII):
            return kind, store_id, found[found.re.groups]
    return None


def _named(entry: object, member: str) -> object:
    """Return the id in an entry, or the entry itself if it has only other members."""
    if not isinstance(entry, dict):
        return entry
    said = _member(entry, member)
    is_empty = all(each in _NOTHING for each in entry.values())
    return entry if said in _NOTHING and not is_empty else said


def _place(
    use: StoreUsage, value: object, named_by: str, project: str | None = None
) -> Place | None:
    """Return the place of a resource id, None if there is no id."""
    if value in _NOTHING:
        return None
    store = _store(value, OF_USE[use])
    return Place(*store, use, project) if store else _unusable(use, named_by, project)


def _unusable(use: StoreUsage, named_by: str, project: str | None) -> Place:
    name = clean_text(named_by, MAX_WORD_BYTES) or use.value
    return Place(OF_USE[use][0], None, name, use, project)


def _sorted(places: Iterable[Place | None]) -> tuple[Place, ...]:
    named = {each for each in places if each is not None}
    return tuple(sorted(named, key=lambda each: (each.use, each.id or "", each.name)))


def _listed(value: object) -> list[object]:
    """Return the entries of a list; any other value but None counts as one entry."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def parse_store(kind: StoreType, document: object) -> StoreKey:
    """Parse a store's statement about its key."""
    properties = _member(document, "properties")
    if not isinstance(properties, dict):
        return StoreKey(None)
    match kind:
        case StoreType.STORAGE_ACCOUNT:
            return _of_storage(_member(properties, "encryption"))
        case StoreType.COSMOS_DB:
            return _of_cosmos(properties)
        case StoreType.SEARCH_SERVICE:
            return _of_search(_member(properties, "encryptionWithCmk"))
        case StoreType.ML_WORKSPACE:
            is_hub = _word(document, "kind") != "project"
            return _of_workspace(_member(properties, "encryption"), is_hub=is_hub)


def _of_storage(encryption: object) -> StoreKey:
    address = _address(_member(encryption, "keyVaultProperties"), "keyVaultUri")
    match _word(encryption, "keySource"):
        case "microsoft.keyvault" if address is not None:
            return StoreKey(own=True, address=address)
        case "microsoft.storage":
            return StoreKey(own=False)
        case _:
            return StoreKey(None)


def _of_cosmos(properties: dict[str, object]) -> StoreKey:
    """Parse a Cosmos DB account, whose key status is a sentence.

    The known sentences say that access is confirmed, or that it is currently revoked and why.
    """
    uri = _member(properties, "keyVaultKeyUri")
    said = _word(properties, "customerManagedKeyStatus")
    if _word(properties, "keyVaultKeyUri") == "":
        return StoreKey(own=False)
    if not isinstance(uri, str) or said is None:
        return StoreKey(None)
    lost = "revoked" in said
    is_known = lost or said.rstrip(".") in {"", _CONFIRMED}
    return StoreKey(own=True if is_known else None, address=clean_text(uri), is_lost=lost)


def _of_search(encryption: object) -> StoreKey:
    """Parse a search service: enforcement alone does not cover objects that existed before."""
    enforced = _word(encryption, "enforcement")
    complies = _word(encryption, "encryptionComplianceStatus")
    address = _address(_member(encryption, "serviceLevelEncryptionKey"), "vaultUri")
    if not isinstance(encryption, dict | None):
        return StoreKey(None)
    if enforced == "enabled":
        own = {"compliant": True, "noncompliant": False}.get(complies or "")
        return StoreKey(own, address)
    return StoreKey(own=False if enforced in {"", "disabled", "unspecified"} else None)


def _of_workspace(encryption: object, *, is_hub: bool) -> StoreKey:
    status = _word(encryption, "status")
    key = _member(_member(encryption, "keyVaultProperties"), "keyIdentifier")
    if status == "enabled":
        return StoreKey(own=True, address=clean_text(key))
    # A project has the encryption of its hub but does not state it.
    is_off = status == "disabled" or (encryption is None and is_hub)
    return StoreKey(own=False if is_off else None)


def _member(value: object, name: str) -> object:
    """Return a member of an object by case-insensitive name, because Azure's spelling varies."""
    return next((v for n, v in as_object(value).items() if n.lower() == name.lower()), None)


def _word(of: object, name: str) -> str | None:
    """Return a text of an object for comparison, "" if it is absent, None if it is not a text."""
    value = _member(of, name)
    if value is None:
        return ""
    return value.strip().lower() if isinstance(value, str) else None


def _address(key: object, uri_name: str) -> str | None:
    uri, name = _member(key, uri_name), _member(key, "keyName")
    if not isinstance(uri, str) or not isinstance(name, str):
        return None
    if not uri.strip() or not name.strip():
        return None
    return clean_text(f"{uri.rstrip('/')}/keys/{name}")
