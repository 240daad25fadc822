"""What breaks a requirement is a problem of its account, wherever a pipeline looks."""

import io

from rich.console import Console

from cmk_check.cli.output_options import OutputOptions
from cmk_check.cli.problems import Collected, problems_of
from cmk_check.cli.scan_result import ScanResult
from cmk_check.cli.since import violations_of
from cmk_check.cli.table import show
from cmk_check.core.enums import ReasonSeverity
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.requirements import Requirement
from cmk_check.core.status import Status
from cmk_check.web.views.finding import to_api_finding
from tests.unit.cli.scan_kit import SETTINGS, world_of_keys
from tests.unit.core.aspects.test_catalogue import BARE, FINDINGS, PORTAL, counted
from tests.unit.core.examples import NOON
from tests.unit.core.test_requirements import asks, each_requirement, reasons_of, status_of

BAD = {ReasonSeverity.ERROR, ReasonSeverity.UNKNOWN}


@each_requirement
async def test_p1_what_breaks_it_is_a_problem_a_row_and_a_violation(
    requirement: Requirement,
) -> None:
    """Whoever reads only SARIF, JUnit XML, the table or --since must not miss it."""
    world, expect = world_of_keys("healthy"), asks(requirement)
    await world.scan()
    status = (await ScanResult(world.context, SETTINGS).status()).model_copy(update={"reasons": []})

    for finding in FINDINGS:
        if finding in BARE.values():
            continue  # nobody has looked at anything beside the verdict
        shown = to_api_finding(finding, None, Status(), NOON, PORTAL)
        problems = problems_of(shown, expect, accepts=False)
        reasons = reasons_of(status_of(counted([finding])), expect)
        severities = {POSTURE_REASONS[code].severity for code in reasons} & BAD
        assert severities <= {each.severity for each in problems}

        document = shown.model_dump(mode="json", by_alias=True)
        assert bool(violations_of([document], expect, ())) == (ReasonSeverity.ERROR in severities)

        stream = io.StringIO()
        listed = [(shown, problems)]
        collected = Collected(status, listed, (), (), (), (), {}, accepts=False, has_history=True)
        show(Console(file=stream, width=500), collected, OutputOptions())
        rows = stream.getvalue().partition("accounts: ")[0]
        assert [
            each.code for each in problems if each.severity in BAD and each.code not in rows
        ] == []
