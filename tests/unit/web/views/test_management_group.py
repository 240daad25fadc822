"""What the status says of the management group."""

from dataclasses import replace

from cmk_check.core.recorded_scope import RecordedScope
from tests.unit.web.api_kit import Served, coverage, status_of
from tests.unit.web.asgi_client import send


async def test_the_status_names_the_management_group_of_the_last_full_scan(empty: Served) -> None:
    """Whoever relies on completeness has to know against what it was held."""
    scope = RecordedScope.of([], [], [], "MG-Company")
    await empty.put_status(replace(status_of(coverage()), scope=scope))

    assert (await send(empty.app(), "/api/v1/status")).json["managementGroup"] == "mg-company"
