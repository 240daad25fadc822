"""The settings of ``scan``: the app's own, but for the storage and the subscriptions."""

from dataclasses import replace

import pytest

from cmk_check.cli.scan_report import check_scope
from cmk_check.config.settings import InMemory, Settings, StorageByIdentity
from cmk_check.config.settings_error import SettingsError
from cmk_check.core.scope import Scope
from tests.fakes.world import sub
from tests.unit.cli.scan_kit import world_of

OF_AN_APP = {
    "CMK_STORAGE__tableServiceUri": "https://app.table.core.windows.net",
    "CMK_STORAGE__queueServiceUri": "https://app.queue.core.windows.net",
}


@pytest.mark.parametrize("environ", [{}, OF_AN_APP, {"CMK_STORAGE": "nonsense"}])
def test_without_a_store_all_stays_in_memory_whatever_the_environment_says(
    environ: dict[str, str],
) -> None:
    """A try on a laptop must not write into the tables that alerts come from."""
    assert Settings.load_for_scan(environ=environ).storage == InMemory()


def test_everything_else_is_read_as_the_app_reads_it() -> None:
    """The same account must be judged alike by both."""
    environ = {"CMK_KINDS": "openai", "CMK_EXCLUDE_SUBSCRIPTIONS": sub(1), "CMK_TAGS": "team"}

    by_hand = Settings.load_for_scan(environ=environ)

    app = Settings.load(environ | OF_AN_APP)
    assert by_hand.model_dump(exclude={"storage"}) == app.model_dump(exclude={"storage"})
    assert by_hand.kinds == ("openai",)


def test_subscriptions_that_are_named_are_all_that_is_read() -> None:
    """What the environment would include beside them was not asked for."""
    environ = {"CMK_INCLUDE_SUBSCRIPTIONS": sub(7)}

    settings = Settings.load_for_scan(None, [sub(1), sub(2)], environ)

    assert settings.include == {sub(1), sub(2)}


@pytest.mark.parametrize(
    ("store", "queues"),
    [
        ("https://a.table.core.windows.net", "https://a.queue.core.windows.net"),
        ("https://a.TABLE.core.chinacloudapi.cn/", "https://a.queue.core.chinacloudapi.cn"),
        ("https://a.z12.table.storage.azure.net", "https://a.z12.queue.storage.azure.net"),
        ("https://mine.test", "https://app.queue.core.windows.net"),
    ],
    ids=["public", "china", "dns zone", "a name of one's own"],
)
def test_the_queues_are_beside_the_tables(store: str, queues: str) -> None:
    """Whoever records like the app has to tell like it, at the same account."""
    environ = OF_AN_APP | {"CMK_STORAGE__clientId": sub(3)}

    settings = Settings.load_for_scan(store, (), environ)

    assert settings.storage == StorageByIdentity(store.rstrip("/"), queues, sub(3))


@pytest.mark.parametrize(
    "store",
    [
        "",
        "app",
        "http://a.table.core.windows.net",
        "https://a.table.core.windows.net/cmkfindings",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0;EndpointSuffix=b",
    ],
)
def test_what_names_no_storage_is_refused_by_the_name_of_the_option(store: str) -> None:
    """Nobody set a CMK_STORAGE; and an account key must not come back in an error."""
    with pytest.raises(SettingsError) as caught:
        Settings.load_for_scan(store, (), {})

    assert [name for name, _ in caught.value.faults] == ["--store"]
    assert "c2VjcmV0" not in str(caught.value)
    assert "https://<account>.table." in str(caught.value)


async def test_p2_a_scan_of_another_scope_than_the_last_is_refused() -> None:
    """It would remove the findings that its settings leave out."""
    world = world_of("good")
    await world.scan()
    options = replace(world.context.options, scope=Scope(exclude=frozenset({sub(1)})))

    await check_scope(world.context)
    with pytest.raises(SettingsError) as refused:
        await check_scope(replace(world.context, options=options))

    ((name, fault),) = refused.value.faults
    assert name == "CMK_EXCLUDE_SUBSCRIPTIONS"
    assert fault.startswith("must be as for the last scan in this store (empty), or pass --change")
