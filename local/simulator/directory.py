"""The requests to Microsoft Graph that are simulated: who am I, and what are these ids?

az asks the second for the names of those who have a role. Azure answers the first only to a person:
here the administrator is one.
https://learn.microsoft.com/graph/api/user-get,
https://learn.microsoft.com/graph/api/directoryobject-getbyids
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from local.simulator import errors
from local.simulator.estate import Estate
from local.simulator.messages import Incoming, Reply
from local.simulator.tokens import Tokens

_ME: Final = "/v1.0/me"
PATHS: Final = (_ME, "/v1.0/directoryobjects/getbyids")
_GRAPH: Final = "#microsoft.graph"


class Directory:
    """Knows the identities of accounts, that of the app, and groups; others are left out."""

    def __init__(self, estate: Estate, tokens: Tokens) -> None:
        self._estate = estate
        self._tokens = tokens

    def answer(self, incoming: Incoming) -> Reply:
        """Answer with the caller, or with those objects among the wanted ones that exist."""
        claims = None if incoming.bearer is None else self._tokens.check(incoming.bearer)
        if claims is None or claims.expired:
            return errors.invalid_token(self._estate.tenant_id)
        if (incoming.method, incoming.path.lower()) == ("GET", _ME):
            return Reply.of(200, {"id": claims.object_id})
        try:
            body = json.loads(incoming.body)
        except ValueError:
            body = None
        match incoming.method, body:
            case "POST", {"ids": [*ids]}:
                known = {each["id"].lower(): each for each in self._objects()}
                found = [known[each] for each in map(str.lower, ids) if each in known]
                return Reply.of(200, {"value": found})
            case _:
                return errors.not_simulated(incoming)

    def _objects(self) -> Iterator[dict[str, Any]]:
        for name, object_id in self._estate.grants.groups():
            yield {"@odata.type": f"{_GRAPH}.group", "id": object_id, "displayName": name}
        for client_id in (None, *self._estate.user_assigned):
            identity = self._tokens.identity(client_id)
            if identity is not None:
                yield _principal(identity.object_id, identity.client_id)
        for subscription in self._estate.subscriptions:
            for account in subscription.accounts.values():
                if account.principal_id is not None:
                    yield _principal(account.principal_id, account.name)
                users = account.find("identity.userAssignedIdentities")
                for resource_id, user in users.items() if isinstance(users, dict) else ():
                    yield _principal(str(user["principalId"]), resource_id.rpartition("/")[2])


def _principal(object_id: str, name: str) -> dict[str, Any]:
    return {
        "@odata.type": f"{_GRAPH}.servicePrincipal",
        "id": object_id,
        "displayName": name,
        "servicePrincipalNames": [name],
    }
