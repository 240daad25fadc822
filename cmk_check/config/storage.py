"""Read the storage settings, which are for Azure Storage by identity or for Azurite.

Account keys are rejected on Azure, because an account key gives access to the whole storage account
and does not show who is using the key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from cmk_check.config.setting_values import NOT_CLIENT_ID
from cmk_check.core.text import is_guid

_NAME: Final = "CMK_STORAGE"
_TABLE: Final = f"{_NAME}__tableServiceUri"
_QUEUE: Final = f"{_NAME}__queueServiceUri"
_CREDENTIAL: Final = f"{_NAME}__credential"
_CLIENT: Final = f"{_NAME}__clientId"
LOCAL_HOSTS: Final = frozenset({"127.0.0.1", "localhost"})
# The public account and key of Azurite:
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
    f"must be set; set {_TABLE} and {_QUEUE} for a storage account on Azure, or write "
    "UseDevelopmentStorage=true for Azurite"
)
_NOT_AZURITE: Final = (
    "must be a connection string of Azurite; storage on Azure is used by identity, never by key: "
    f"set {_TABLE} and {_QUEUE} instead. For Azurite write UseDevelopmentStorage=true, or its "
    "AccountName, AccountKey, TableEndpoint and QueueEndpoint on 127.0.0.1"
)

type Fault = tuple[str, str]

_NOT_NAMED: Final = (
    "must name a storage; write https://<account>.table.<suffix of the cloud>, or for Azurite "
    "UseDevelopmentStorage=true or its connection string"
)


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """Azurite's connection string, whose ``value`` is hidden from ``repr``.

    The endpoints in the connection string are explicit and use 127.0.0.1, because azure-data-tables
    mistakes ``localhost`` on any port except 10002 for Cosmos DB.
    """

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StorageByIdentity:
    """Storage accessed by a managed identity; if ``client_id`` is None, the system-assigned one."""

    table_url: str
    queue_url: str
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class InMemory:
    """Storage in memory, whose content is lost with the process."""


type Storage = ConnectionString | StorageByIdentity | InMemory


def read_storage(environ: Mapping[str, str]) -> tuple[Storage | None, list[Fault]]:
    """Return the storage that the variables name, or None with a list of all faults."""
    variables = {it: environ.get(it, "").strip() for it in (_TABLE, _QUEUE, _CREDENTIAL, _CLIENT)}
    text = environ.get(_NAME, "").strip()
    if text:
        faults = [
            (name, f"must not be set together with {_NAME}; remove one of the two")
            for name, value in variables.items()
            if value
        ]
        storage = _connection_string(text)
        faults += [] if storage else [(_NAME, _NOT_AZURITE)]
        return (None if faults else storage), faults
    if not any(variables.values()):
        return None, [(_NAME, _UNSET)]
    return _read_by_identity(variables)


def parse_storage(text: str, environ: Mapping[str, str]) -> tuple[Storage | None, list[Fault]]:
    """Return the storage that ``--store`` names, or None with a list of all faults.

    ``text`` is the address of a table service, or Azurite's connection string. If the table address
    has Azure's format, the queue address is derived from it (``<account>.queue.<suffix>``). For a
    table address in another format, the queue address is read from an environment variable.
    """
    given = {_NAME, _TABLE}
    variables = {_NAME: text}
    if text.strip().lower().startswith("https://"):
        beside = re.sub(r"^(\S+?)\.table\.", r"\1.queue.", text, count=1, flags=re.IGNORECASE)
        given |= set() if beside == text else {_QUEUE}
        queue = beside if _QUEUE in given else environ.get(_QUEUE, "")
        variables = {_TABLE: text, _QUEUE: queue, _CLIENT: environ.get(_CLIENT, "")}
    storage, faults = read_storage(variables)
    reported = [("--store", _NOT_NAMED) if name in given else (name, why) for name, why in faults]
    return storage, list(dict.fromkeys(reported))


def _read_by_identity(variables: Mapping[str, str]) -> tuple[Storage | None, list[Fault]]:
    faults = [
        (name, f"must be a {kind} service; write https://<account>.{kind}.<suffix of the cloud>")
        for name, kind in ((_TABLE, "table"), (_QUEUE, "queue"))
        if not _is_service(variables[name])
    ]
    if variables[_CREDENTIAL].lower() not in {"", "managedidentity"}:
        faults.append((_CREDENTIAL, "must be managedidentity; write that or remove the setting"))
    client_id = variables[_CLIENT] or None
    if client_id is not None and not is_guid(client_id):
        faults.append((_CLIENT, NOT_CLIENT_ID))
    if faults:
        return None, faults
    tables, queues = variables[_TABLE].rstrip("/"), variables[_QUEUE].rstrip("/")
    return StorageByIdentity(tables, queues, client_id), []


def _is_service(url: str) -> bool:
    """Check that an address uses https and has no path, except an account's name for Azurite."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    bare = not (parts.username or parts.password or parts.query or parts.fragment)
    is_root = parts.path in {"", "/"} or host in LOCAL_HOSTS
    return parts.scheme == "https" and bool(host) and bare and is_root


def _connection_string(text: str) -> ConnectionString | None:
    parts = {
        name.strip().lower(): value.strip()
        for name, separator, value in (part.partition("=") for part in text.split(";"))
        if separator
    }
    if parts == {"usedevelopmentstorage": "true"}:
        return _join(_AZURITE)
    values = {name: parts.get(name.lower(), "") for name in _AZURITE}
    addresses = [value for name, value in parts.items() if name.endswith("endpoint")]
    if all(values.values()) and all(_is_loopback(address) for address in addresses):
        like = re.compile(r"^(https?://)localhost(?=[:/]|$)", re.IGNORECASE)
        return _join({n: like.sub(r"\g<1>127.0.0.1", value) for n, value in values.items()})
    return None


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and parts.hostname in LOCAL_HOSTS
    except ValueError:
        return False


def _join(parts: Mapping[str, str]) -> ConnectionString:
    return ConnectionString(";".join(f"{name}={value}" for name, value in parts.items()))
