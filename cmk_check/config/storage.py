"""Which storage the settings name: Azure's by identity, or Azurite by its connection string.

An account key opens everything in a storage account and belongs to nobody, so on Azure it is
refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

_NAME: Final = "CMK_STORAGE"
_TABLE: Final = f"{_NAME}__tableServiceUri"
_QUEUE: Final = f"{_NAME}__queueServiceUri"
_CREDENTIAL: Final = f"{_NAME}__credential"
_CLIENT: Final = f"{_NAME}__clientId"
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})
# The account and key that Azurite documents for everybody:
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
_AZURITE: Final[Mapping[str, str]] = {
    "AccountName": "devstoreaccount1",
    "AccountKey": (
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    ),
    "QueueEndpoint": "http://127.0.0.1:10001/devstoreaccount1",
    "TableEndpoint": "http://127.0.0.1:10002/devstoreaccount1",
}
_UNSET: Final = (
    f"is not set; name the storage by {_TABLE} and {_QUEUE}, "
    "or Azurite by UseDevelopmentStorage=true"
)
_NOT_AZURITE: Final = (
    "is not the connection string of Azurite; storage on Azure is reached by identity, never by "
    f"key: set {_TABLE} and {_QUEUE} instead. For Azurite write UseDevelopmentStorage=true, or "
    "its AccountName, AccountKey, TableEndpoint and QueueEndpoint on 127.0.0.1"
)

type Fault = tuple[str, str]

_NOT_NAMED: Final = (
    "names no storage; write https://<account>.table.<suffix of the cloud>, or for Azurite "
    "UseDevelopmentStorage=true or its connection string"
)


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """The storage is Azurite. ``value`` stays out of every repr.

    Its endpoints are explicit and on 127.0.0.1, never ``localhost``, which azure-data-tables takes
    for Cosmos DB on any port but 10002.
    """

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StorageByIdentity:
    """The storage is reached by a managed identity; the system-assigned where no id is given."""

    table_url: str
    queue_url: str
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class InMemory:
    """There is no storage: what is recorded ends with the process."""


type Storage = ConnectionString | StorageByIdentity | InMemory


def read_storage(environ: Mapping[str, str]) -> tuple[Storage | None, list[Fault]]:
    """Return the storage that the variables name, or None and every fault of theirs."""
    given = {name: environ.get(name, "").strip() for name in (_TABLE, _QUEUE, _CREDENTIAL, _CLIENT)}
    text = environ.get(_NAME, "").strip()
    if text:
        faults = [
            (name, f"is set beside {_NAME}; remove one of the two")
            for name, value in given.items()
            if value
        ]
        storage, fault = _connection_string(text)
        return (None if faults else storage), faults + ([(_NAME, fault)] if fault else [])
    if not any(given.values()):
        return None, [(_NAME, _UNSET)]
    return _by_identity(given)


def named_storage(text: str, environ: Mapping[str, str]) -> tuple[Storage | None, list[Fault]]:
    """Return the storage that a person names by ``--store``, or None and every fault.

    ``text`` is the address of a table service, or Azurite's connection string. The queues are
    beside the tables, as Azure names them (``<account>.queue.<suffix>``), or where the variable
    says.
    """
    said = {_NAME, _TABLE}
    given = {_NAME: text}
    if text.strip().lower().startswith("https://"):
        beside = re.sub(r"^(\S+?)\.table\.", r"\1.queue.", text, count=1, flags=re.IGNORECASE)
        said |= set() if beside == text else {_QUEUE}
        queue = beside if _QUEUE in said else environ.get(_QUEUE, "")
        given = {_TABLE: text, _QUEUE: queue, _CLIENT: environ.get(_CLIENT, "")}
    storage, faults = read_storage(given)
    named = [("--store", _NOT_NAMED) if name in said else (name, why) for name, why in faults]
    return storage, list(dict.fromkeys(named))


def _by_identity(given: Mapping[str, str]) -> tuple[Storage | None, list[Fault]]:
    faults = [
        (name, f"is no storage service; write https://<account>.{kind}.<suffix of the cloud>")
        for name, kind in ((_TABLE, "table"), (_QUEUE, "queue"))
        if not _is_service(given[name])
    ]
    if given[_CREDENTIAL].lower() not in {"", "managedidentity"}:
        faults.append((_CREDENTIAL, "is not managedidentity, the only one there is; write that"))
    client_id = given[_CLIENT] or None
    if client_id is not None and not _GUID.fullmatch(client_id):
        faults.append((_CLIENT, "is no client id; copy the identity's client id, not its name"))
    if faults:
        return None, faults
    return StorageByIdentity(given[_TABLE].rstrip("/"), given[_QUEUE].rstrip("/"), client_id), []


def _is_service(url: str) -> bool:
    """Accept an https address without a path, but for Azurite, whose path is the account."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    bare = not (parts.username or parts.password or parts.query or parts.fragment)
    return (
        parts.scheme == "https"
        and bool(host)
        and bare
        and (parts.path in {"", "/"} or host in _LOOPBACK)
    )


def _connection_string(text: str) -> tuple[ConnectionString | None, str | None]:
    parts = {
        name.strip().lower(): value.strip()
        for name, found, value in (part.partition("=") for part in text.split(";"))
        if found
    }
    if parts == {"usedevelopmentstorage": "true"}:
        return _written(_AZURITE), None
    named = {name: parts.get(name.lower(), "") for name in _AZURITE}
    addresses = [value for name, value in parts.items() if name.endswith("endpoint")]
    if all(named.values()) and all(_is_loopback(address) for address in addresses):
        return _written({name: _by_number(value) for name, value in named.items()}), None
    return None, _NOT_AZURITE


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK
    except ValueError:
        return False


def _by_number(value: str) -> str:
    return re.sub(r"^(https?://)localhost(?=[:/]|$)", r"\g<1>127.0.0.1", value, flags=re.IGNORECASE)


def _written(parts: Mapping[str, str]) -> ConnectionString:
    return ConnectionString(";".join(f"{name}={value}" for name, value in parts.items()))
