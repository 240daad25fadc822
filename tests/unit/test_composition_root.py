"""What an app sets up for its process."""

import gc
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

import cmk_check
from cmk_check.composition_root import App, scan_options
from cmk_check.config.settings import Settings
from cmk_check.limits import GARBAGE_OBJECTS
from cmk_check.scan.aspect_reader import AspectReader, build_readers
from tests.fakes.exemptions import IN_EACH_SCAN
from tests.fakes.world import sub
from tests.unit.config.settings_kit import AZURITE, ON_AZURE, SECRET, URL


def test_garbage_is_looked_for_less_often_than_by_default() -> None:
    """A scan keeps nearly all that it reads: looking for garbage took an eighth of its time."""
    before = gc.get_threshold()
    gc.set_threshold(2_000, 7, 8)
    try:
        App(Settings.load_for_scan(environ={}))
        assert gc.get_threshold() == (GARBAGE_OBJECTS, 7, 8)
    finally:
        gc.set_threshold(*before)


PROGRAM: Final = Path(cmk_check.__file__).parent
# A value of each setting other than its default.
CHANGED: Final[Mapping[str, str]] = {
    "IDENTITY_ENDPOINT": "http://localhost:42356/msi/token",
    "CMK_ALERT_ON": "scan.failed",
    "CMK_CHANGES_QUEUE": "on",
    "CMK_CLOUD": "china",
    "CMK_CROSS_CHECK": "off",
    "CMK_DIGEST_SCHEDULE": "0 0 8 * * 1",
    "CMK_EXCEPTIONS": "accept",
    "CMK_EXCEPTION_ASSIGNMENTS": f"/subscriptions/{sub(1)}/providers/"
    "Microsoft.Authorization/policyAssignments/ours",
    "CMK_EXCEPTION_MAX_DAYS": "7",
    "CMK_EXCEPTION_POLICIES": f"/providers/Microsoft.Authorization/policyDefinitions/{sub(1)}",
    "CMK_EXCLUDE_SUBSCRIPTIONS": sub(1),
    "CMK_FIX_WITHIN_DAYS": "7",
    "CMK_INCLUDE_SUBSCRIPTIONS": sub(1),
    "CMK_KEY_HEALTH": "off",
    "CMK_KINDS": "OpenAI",
    "CMK_MANAGEMENT_GROUP": "mg-ai",
    "CMK_MAX_AGE_MINUTES": "90",
    "CMK_REQUIRE_HEALTHY_KEYS": "on",
    "CMK_RETENTION_DAYS": "77",
    "CMK_WATCH_SCHEDULE": "0 1/2 * * * *",
    "CMK_WEBHOOK_FORMAT": "slack",
    "CMK_WEBHOOK_SECRET": SECRET,
    "CMK_WEBHOOK_URL": f"{URL}2",
}


def facts(part: object, seen: set[int]) -> object:
    """Return what an object of the program holds, however deep, except its settings."""
    if isinstance(part, Mapping):
        return {str(name): facts(value, seen) for name, value in part.items()}
    if isinstance(part, tuple | list):
        return [facts(each, seen) for each in part]
    if isinstance(part, str | int | float | timedelta | frozenset | None):
        return part
    kind = type(part)
    if not kind.__module__.startswith("cmk_check") or kind is Settings or id(part) in seen:
        return getattr(part, "__qualname__", kind.__qualname__)
    seen.add(id(part))
    names = {*getattr(part, "__dict__", ()), *getattr(kind, "__slots__", ())}
    return {name: facts(getattr(part, name, None), seen) for name in sorted(names)}


async def built(environ: Mapping[str, str]) -> object:
    """Return what an app holds after it has set up everything."""
    app = App(Settings.load(environ))
    parts = [app.scan_context, app.delivery_context, app.scan_now]
    opened = [await part() for part in parts]
    api: Any = (await app.api()).app
    opened += [api.state.api, await app.health()]
    await app.close()
    return facts(opened, set())


# Without a receiver, these have no effect.
OF_WEBHOOK: Final = {"CMK_ALERT_ON", "CMK_WEBHOOK_FORMAT", "CMK_WEBHOOK_SECRET"}
# What reads the settings that are handed on as they are, or that only other programs read.
READ_IN: Final[Mapping[str, str]] = {
    "action_group": "doctor/app_checks.py",
    "client_id": "inventory/azure_inventory.py",
    "easy_auth": "web/fastapi_app.py",
    "given_routes": "config/settings.py",
    "hostname": "web/scan_now.py",
    "http_auth": "web/fastapi_app.py",
    "max_in_flight": "composition_root.py",
    "other_arm_url": "config/settings.py",
    "owner_tags": "inventory/azure_inventory.py",
    "scan_schedule": "doctor/app_checks.py",
    "storage": "composition_root.py",
    "tags": "inventory/azure_inventory.py",
}


def test_every_setting_is_tried() -> None:
    """A new one would otherwise be the one that nothing reads."""
    names = {str(field.alias) for field in Settings.model_fields.values()}

    assert names == CHANGED.keys() | {str(Settings.model_fields[name].alias) for name in READ_IN}
    for name, module in READ_IN.items():
        assert re.search(rf"(self|settings)\.{name}\b", (PROGRAM / module).read_text()), name


@pytest.mark.parametrize("name", CHANGED)
async def test_every_setting_has_an_effect_on_the_app(name: str) -> None:
    """One that does not reach the scan is off while everything is green."""
    environ = {**AZURITE, **({"CMK_WEBHOOK_URL": URL} if name in OF_WEBHOOK else {})}

    assert await built({**environ, name: CHANGED[name]}) != await built(environ)


def test_links_in_changes_lead_to_the_app_if_it_is_on_azure() -> None:
    """Elsewhere, they would lead to a machine that nobody else can reach."""
    here, there = (Settings.load({**AZURITE, **more}) for more in ({}, ON_AZURE))

    assert (scan_options(here).hostname, scan_options(there).hostname) == (None, there.hostname)


async def test_each_aspect_that_is_read_can_be_switched_off() -> None:
    """Its requests cost permissions; one that stays off is missing while everything is green."""
    aspects: dict[str, set[str]] = {}
    for name in ("", "CMK_EXCEPTIONS", "CMK_KEY_HEALTH"):
        app = App(Settings.load({**AZURITE, **({name: "off"} if name else {})}))
        context = await app.scan_context()
        aspects[name] = {each.aspect.name for each in build_readers(context, IN_EACH_SCAN)}
        await app.close()

    readers = {each.aspect.name for each in AspectReader.__subclasses__()}
    assert aspects.pop("") == readers
    assert {read for some in aspects.values() for read in readers - some} == readers
