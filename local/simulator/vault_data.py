"""Answers of a vault itself, at https://NAME.vault.invalid: what `az keyvault key` asks.

Only the administrator of the estate is let in. Managed HSMs are not simulated. The shapes:
https://learn.microsoft.com/rest/api/keyvault/keys/operation-groups.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any, Final

from local.simulator import errors
from local.simulator.estate import Estate
from local.simulator.messages import Incoming, Reply
from local.simulator.tokens import Tokens
from local.simulator.vault_documents import OPERATIONS, KeySpec, VersionSpec
from local.simulator.vaults import Key, KeyVersion, Vault

DNS: Final = "vault.invalid"
_AUDIENCE: Final = f"https://{DNS}"
_NAME: Final = re.compile(f"(?P<name>[a-z0-9-]+)[.]{re.escape(DNS)}(:[0-9]+)?", re.IGNORECASE)
_ATTRIBUTES: Final = frozenset({"enabled", "nbf", "exp"})
_DAY: Final = 86_400
_DEFAULT_SIZE: Final = 2048

type _Answer = Callable[[Incoming, Vault, str, str], Reply]


def is_of_vault(incoming: Incoming) -> bool:
    """Tell whether a request is for a vault itself."""
    return _NAME.fullmatch(incoming.host) is not None


class VaultData:
    """Answers for the vaults of one estate."""

    def __init__(self, estate: Estate, tokens: Tokens) -> None:
        self._estate = estate
        self._tokens = tokens
        name = "(?P<key>[^/]+)"
        routes: tuple[tuple[str, str, _Answer], ...] = (
            ("GET", "/keys", self._list),
            ("GET", "/deletedkeys", self._list_deleted),
            ("GET", f"/keys/{name}/versions", self._list_versions),
            ("GET", f"/keys/{name}(/(?P<version>[^/]*))?", self._get),
            ("PATCH", f"/keys/{name}(/(?P<version>[^/]*))?", self._patch),
            ("POST", f"/keys/{name}/create", self._create),
            ("PUT", f"/keys/{name}/rotationpolicy", self._put_policy),
            ("POST", f"/keys/{name}/rotate", self._rotate),
            ("POST", f"/deletedkeys/{name}/recover", self._recover),
        )
        self._routes = [(method, re.compile(path), answer) for method, path, answer in routes]

    def answer(self, incoming: Incoming) -> Reply:
        """Answer a request; 501 for one that is not simulated."""
        refusal = self._refusal(incoming)
        if refusal is not None:
            return refusal
        vault = self._vault(incoming)
        if vault is None:
            return errors.not_simulated(incoming, "a name that is no vault's")
        for method, path, answer in self._routes:
            match = path.fullmatch(incoming.path) if method == incoming.method else None
            if match is not None:
                names = match.groupdict()
                return answer(incoming, vault, names.get("key") or "", names.get("version") or "")
        return errors.not_simulated(incoming)

    def _refusal(self, incoming: Incoming) -> Reply | None:
        """Refuse whoever is not the administrator; clients learn from the refusal whom to ask."""
        claims = self._tokens.check(incoming.bearer) if incoming.bearer else None
        if claims is None or claims.expired or claims.audience.rstrip("/") != _AUDIENCE:
            login = f"https://login.invalid/{self._estate.tenant_id}"
            challenge = f'Bearer authorization="{login}", resource="{_AUDIENCE}"'
            message = "AKV10000: Request is missing a Bearer or PoP token."
            return errors.error(401, "Unauthorized", message, {"WWW-Authenticate": challenge})
        if claims.client_id != self._estate.administrator:
            message = "Caller is not authorized to perform action on resource."
            return errors.error(403, "Forbidden", message)
        return None

    def _vault(self, incoming: Incoming) -> Vault | None:
        match = _NAME.fullmatch(incoming.host)
        name = match["name"].lower() if match else ""
        vaults = (each for one in self._estate.subscriptions for each in one.vaults.all)
        return next((each for each in vaults if each.name.lower() == name), None)

    def _list(self, _: Incoming, vault: Vault, __: str, ___: str) -> Reply:
        return _listed([_row(vault, key, key.latest, whole=False) for key in vault.keys])

    def _list_deleted(self, _: Incoming, vault: Vault, __: str, ___: str) -> Reply:
        return _listed([_deleted(vault, key) for key in vault.deleted_keys])

    def _list_versions(self, _: Incoming, vault: Vault, name: str, __: str) -> Reply:
        key = vault.key(name)
        versions = key.versions if key else []
        return _listed([_row(vault, key, each, whole=True) for each in versions if key])

    def _get(self, _: Incoming, vault: Vault, name: str, version: str) -> Reply:
        found = _found(vault, name, version)
        return Reply.of(200, _bundle(vault, *found)) if found else _not_found(name)

    def _patch(self, incoming: Incoming, vault: Vault, name: str, version: str) -> Reply:
        found = _found(vault, name, version)
        if found is None:
            return _not_found(name)
        body = _json(incoming)
        attributes = body.get("attributes") or {}
        if not (body.keys() <= {"attributes", "key_ops"} and attributes.keys() <= _ATTRIBUTES):
            return errors.not_simulated(incoming, "this change of a key")
        for attribute, value in attributes.items():
            found[1].set(f"properties.attributes.{attribute}", value)
        if "key_ops" in body:
            found[1].set("properties.keyOps", body["key_ops"])
        return Reply.of(200, _bundle(vault, *found))

    def _create(self, incoming: Incoming, vault: Vault, name: str, _: str) -> Reply:
        """Create a key, or a version of one that exists, as Azure does."""
        body = {name: value for name, value in _json(incoming).items() if value is not None}
        attributes = body.pop("attributes", {})
        match body:
            case {"kty": "RSA" as kty, **rest} if rest.keys() <= {"key_size", "key_ops"}:
                operations = rest.get("key_ops", OPERATIONS)
                size = rest.get("key_size", _DEFAULT_SIZE)
            case _:
                return errors.not_simulated(incoming, "a key of this kind")
        version = VersionSpec(created=int(time.time()))
        key = vault.key(name)
        if key is None:
            spec = KeySpec(
                name=name, kty=kty, size=size, operations=operations, versions=(version,)
            )
            key = vault.add_key(spec)
        else:
            key.rotate(version)
        for attribute, value in attributes.items():
            key.latest.set(f"properties.attributes.{attribute}", value)
        return Reply.of(200, _bundle(vault, key, key.latest))

    def _put_policy(self, incoming: Incoming, vault: Vault, name: str, _: str) -> Reply:
        key = vault.key(name)
        if key is None:
            return _not_found(name)
        key.policy = _json(incoming)
        return Reply.of(200, {**key.policy, "id": f"{_kid(vault, key, None)}/rotationpolicy"})

    def _rotate(self, _: Incoming, vault: Vault, name: str, __: str) -> Reply:
        key = vault.key(name)
        return Reply.of(200, _bundle(vault, key, key.rotate())) if key else _not_found(name)

    def _recover(self, _: Incoming, vault: Vault, name: str, __: str) -> Reply:
        deleted = (each for each in vault.deleted_keys if each.name.lower() == name.lower())
        key = next(deleted, None)
        if key is None:
            return _not_found(name)
        vault.restore_key(key)
        return Reply.of(200, _bundle(vault, key, key.latest))


def _listed(rows: list[dict[str, object]]) -> Reply:
    return Reply.of(200, {"value": rows, "nextLink": None})


def _found(vault: Vault, name: str, version: str) -> tuple[Key, KeyVersion] | None:
    key = vault.key(name)
    found = (key.version(version) if version else key.latest) if key else None
    return (key, found) if key and found else None


def _not_found(name: str) -> Reply:
    message = f"A key with (name/id) {name} was not found in this key vault."
    return errors.error(404, "KeyNotFound", message)


def _kid(vault: Vault, key: Key, version: KeyVersion | None) -> str:
    end = "" if version is None else f"/{version.version}"
    return f"https://{vault.name.lower()}.{DNS}/keys/{key.name}{end}"


def _row(vault: Vault, key: Key, version: KeyVersion, *, whole: bool) -> dict[str, object]:
    return {
        "kid": _kid(vault, key, version if whole else None),
        "attributes": version.find("properties.attributes"),
    }


def _deleted(vault: Vault, key: Key) -> dict[str, object]:
    now = int(time.time())
    return {
        **_row(vault, key, key.latest, whole=False),
        "recoveryId": f"https://{vault.name.lower()}.{DNS}/deletedkeys/{key.name}",
        "deletedDate": now - _DAY,
        "scheduledPurgeDate": now + 89 * _DAY,
    }


def _bundle(vault: Vault, key: Key, version: KeyVersion) -> dict[str, object]:
    return {
        "key": {
            "kid": _kid(vault, key, version),
            "kty": version.find("properties.kty"),
            "key_ops": version.find("properties.keyOps"),
            "n": "AQAB",
            "e": "AQAB",
        },
        "attributes": version.find("properties.attributes"),
    }


def _json(incoming: Incoming) -> dict[str, Any]:
    body = json.loads(incoming.body)
    return body if isinstance(body, dict) else {"": body}
