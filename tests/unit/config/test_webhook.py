"""The webhook's settings: what is refused, and that the URL, a secret, is never repeated."""

import base64
from urllib.parse import urlsplit

import pytest
import yarl
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.config.settings import Settings
from cmk_check.config.webhook import check_url
from cmk_check.core.enums import ChangeType
from tests.unit.config.settings_kit import AZURITE, ON_AZURE, OTHER, SECRET, URL, faults_of


def _load(**given: str) -> Settings:
    return Settings.load(AZURITE | given)


def _fault(name: str, **given: str) -> str:
    ((at, sentence),) = faults_of(AZURITE | given).items()
    assert at == name
    return sentence


def test_all_but_three_types_are_alerts() -> None:
    """A new type is told until somebody says otherwise."""
    quiet = {"cmkcheck.account.discovered", "cmkcheck.account.removed", "cmkcheck.account.updated"}

    assert _load().alert_on == set(ChangeType) - quiet


@pytest.mark.parametrize(
    "url",
    [
        "hooks.test/x",
        "ftp://hooks.test/x",
        "https://",
        "https://hooks.test@evil.test/x",
        "https://hooks.test/x#y",
        "https://hooks.test:99999/x",
        "https://[fd00::1]:0/x",
        "https://[v1.x]/x",
        "https://hooks..test/x",
        f"https://{'a' * 64}.test/x",
        f"https://{'.'.join(['a' * 63] * 4)}/x",
        "https://hooks.test\\@evil.test/x",
        "https://höoks.test/x",
        "https://127.1/x",
        "https://0x7f000001/x",
        "https://hooks.0x7f/x",
        "https://[::1%25lo]/x",
        "https://hooks.test/" + "x" * 2048,
    ],
)
def test_what_is_no_url_of_a_receiver_is_refused(url: str) -> None:
    """What two parsers read differently leads elsewhere than was checked."""
    assert "must be the URL of a receiver" in _fault("CMK_WEBHOOK_URL", CMK_WEBHOOK_URL=url)


@given(st.text("ahtps:/?#@[].%0127x-_&;|<>\\{}^`! ", max_size=30).map("https://".__add__))
def test_what_is_taken_is_read_alike_by_who_connects(url: str) -> None:
    """Else the host that was checked is not the one that is asked."""
    try:
        check_url(url, on_azure=True)
    except ValueError:
        return

    assert yarl.URL(url, encoded=True).host == urlsplit(url).hostname


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "app.localhost", "127.0.0.1", "[::1]", "[::ffff:169.254.169.254]"),
        *("169.254.169.254", "168.63.129.16", "[fe80::1]", "0.0.0.0", "224.0.0.1"),  # noqa: S104
    ],
)
def test_no_special_address_on_azure(host: str) -> None:
    """There the metadata service and the identity's endpoint answer whoever asks."""
    fault = _fault("CMK_WEBHOOK_URL", CMK_WEBHOOK_URL=f"https://{host}:1/x", **ON_AZURE)

    assert "must not have an address that is" in fault


@pytest.mark.parametrize(
    "host", ["10.1.2.3", "[fd00::1]", "hooks.internal.test", "a" * 63, f"{'a.' * 126}b"]
)
def test_private_receivers_are_taken_on_azure(host: str) -> None:
    """Companies have them behind private endpoints."""
    assert _load(CMK_WEBHOOK_URL=f"https://{host}/x", **ON_AZURE).webhook_url


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1", "[::1]:9"])
def test_http_is_taken_on_this_machine_alone(host: str) -> None:
    """To try a receiver needs no certificate; off the machine the URL itself would be read."""
    url = f"http://{host}/x"

    assert _load(CMK_WEBHOOK_URL=url).webhook_url == url
    _fault("CMK_WEBHOOK_URL", CMK_WEBHOOK_URL=url, **ON_AZURE)
    assert "must use https" in _fault("CMK_WEBHOOK_URL", CMK_WEBHOOK_URL="http://hooks.test/x")
    assert "link-local" in _fault("CMK_WEBHOOK_URL", CMK_WEBHOOK_URL="http://169.254.1.1/x")


@pytest.mark.parametrize(
    "secrets",
    [
        SECRET.removeprefix("whsec_"),
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_no base64!",
        "whsec_",
        ",",
        f"{SECRET},{OTHER},{SECRET}",
    ],
)
def test_what_is_no_secret_is_refused(secrets: str) -> None:
    """A weak key, or a third that nobody needs, is a mistake."""
    fault = _fault("CMK_WEBHOOK_SECRET", CMK_WEBHOOK_URL=URL, CMK_WEBHOOK_SECRET=secrets)

    assert "whsec_" in fault


def test_a_secret_without_a_webhook_is_a_fault() -> None:
    """A URL under a misspelt name would be an alert that nobody gets."""
    assert "CMK_WEBHOOK_URL" in _fault("CMK_WEBHOOK_SECRET", CMK_WEBHOOK_SECRET=SECRET)


def test_an_unknown_type_is_answered_with_all_that_there_are() -> None:
    """A typing error must not leave an alert out in silence, and is hard to see in a long list."""
    fault = _fault("CMK_ALERT_ON", CMK_ALERT_ON="account.violated,account.violate")

    cure = "correct entry 2 or remove the setting. "
    assert fault.startswith(f"must name types of changes; {cure}")
    assert all(kind.removeprefix("cmkcheck.") in fault for kind in ChangeType)


def test_for_the_webhook_alone_no_storage_is_needed() -> None:
    """Whoever tries the webhook on a laptop has the URL at hand, not the storage."""
    routes = {"CMK_ROUTES": '[{"name": "one"}]', "CMK_ROUTE_ONE_URL": URL}

    for variables in ({"CMK_WEBHOOK_URL": URL}, routes):
        (route,) = Settings.load_for_scan(environ=variables | {"CMK_STORAGE": "x"}).routes
        assert route.url == URL
