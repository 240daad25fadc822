"""Send a test alert, to check the webhook before a real alert matters."""

import uuid
from datetime import UTC, datetime
from typing import Final

from cmk_check.alerts.webhook import open_webhook
from cmk_check.config.settings import Settings
from cmk_check.config.settings_error import SettingsError
from cmk_check.config.webhook import UNSET
from cmk_check.core.alert_routes import Route
from cmk_check.core.enums import ChangeType, Reason, Verdict
from cmk_check.core.model import Change
from cmk_check.core.rule import RULE_VERSION

_SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"
_NAME: Final = "test-alert"


def sample_change(change_id: str, now: datetime) -> Change:
    """Return a violation by an account that does not exist, marked with ``"test": true``."""
    group = f"/subscriptions/{_SUBSCRIPTION}/resourcegroups/{_NAME}"
    data: dict[str, object] = {
        "test": True,
        "name": _NAME,
        "kind": "OpenAI",
        "location": None,
        "subscriptionName": "Not a real subscription",
        "tenantId": None,
        "tags": {},
        "owner": None,
        "before": _side(Verdict.COMPLIANT, Reason.CUSTOMER_MANAGED_KEY),
        "after": _side(Verdict.NON_COMPLIANT, Reason.MICROSOFT_MANAGED_KEY),
        "evidence": {},
        "scanId": "test",
        "ruleVersion": RULE_VERSION,
        "baseline": False,
    }
    return Change(
        change_id,
        ChangeType.ACCOUNT_VIOLATED,
        now,
        f"/subscriptions/{_SUBSCRIPTION}",
        f"{group}/providers/microsoft.cognitiveservices/accounts/{_NAME}",
        data,
    )


def _side(verdict: Verdict, reason: Reason) -> dict[str, str | None]:
    return {"verdict": verdict, "reason": reason, "owner": None}


async def send_sample(settings: Settings, name: str | None = None) -> str:
    """Post a test change; return a sentence about the change, the host and its response.

    ``name`` is the name of a route, which is required if there are several routes.

    Raises:
        SettingsError: no route is set, or there are several routes and ``name`` is not one of them.
        DeliveryFailed: the receiver did not accept the test change.
    """
    route = _choose_route(settings, name)
    webhook = open_webhook(route, settings)
    change = sample_change(str(uuid.uuid4()), datetime.now(UTC))
    try:
        statuses = await webhook.post([change])
    finally:
        await webhook.close()
    how = "signed" if route.secrets else "not signed"
    return (
        f"Sent the test change {change.id} ({change.type}, {route.style}, {how}) to "
        f"{webhook.host}, which answered {statuses[-1]}."
    )


def _choose_route(settings: Settings, name: str | None) -> Route:
    routes = {route.name: route for route in settings.routes}
    if not routes:
        raise SettingsError([("CMK_WEBHOOK_URL", UNSET)])
    if name is None and len(routes) == 1:
        return settings.routes[0]
    if name not in routes:
        cure = "must be the name of a route" if name else "must choose one of the routes"
        raise SettingsError([("--route", f"{cure}; write one of {', '.join(routes)}")])
    return routes[name]
