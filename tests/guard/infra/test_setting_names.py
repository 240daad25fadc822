"""The variables of the deployment, whose names the app must not take for misspelt settings."""

import re

from cmk_check.config.misspelt_settings import OF_DEPLOYMENT
from cmk_check.config.settings import SETTING_NAMES
from tests.guard.infra.bicep_kit import INFRA

READ = (
    *INFRA.glob("main.*"),
    *INFRA.glob("hooks/*"),
    *INFRA.rglob("*.bicepparam"),
)
# As azd replaces it, a template outputs it, a parameter file reads it, and shells read it.
NAME = r"\$\{(CMK_\w+)|^output (CMK_\w+)|readEnvironmentVariable\('(CMK_\w+)|\$(?:env:)?(CMK_\w+)"


def test_the_list_names_what_the_deployment_uses_and_no_more() -> None:
    """One that is missing is a warning to whoever deploys; one too many hides a mistake."""
    texts = "\n".join(path.read_text() for path in READ)

    found = {name for names in re.findall(NAME, texts, re.MULTILINE) for name in names if name}

    assert found - SETTING_NAMES == OF_DEPLOYMENT


def test_no_variable_of_the_deployment_is_a_setting() -> None:
    """It would be read by the app from the shell of whoever deploys."""
    assert OF_DEPLOYMENT.isdisjoint(SETTING_NAMES)
