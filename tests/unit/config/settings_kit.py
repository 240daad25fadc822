"""Environments that tests of settings begin with, and the faults that others have."""

import base64
from collections.abc import Mapping
from typing import Final

import pytest

from cmk_check.config.settings import Settings
from cmk_check.config.settings_error import SettingsError

AZURITE: Final = {"CMK_STORAGE": "UseDevelopmentStorage=true"}
ON_AZURE: Final = {"WEBSITE_HOSTNAME": "app.azurewebsites.net"}
URL: Final = "https://hooks.test/services/T0/B0/hush?sig=hush"
SECRET: Final = "whsec_" + base64.b64encode(bytes(range(24))).decode()
OTHER: Final = "whsec_" + base64.b64encode(bytes(range(64))).decode()


def faults_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Return all faults of an environment; none repeats a value that contains ``hush``."""
    with pytest.raises(SettingsError) as raised:
        Settings.load(environ)
    assert "hush" not in str(raised.value) + repr(raised.value)
    return dict(raised.value.faults)
