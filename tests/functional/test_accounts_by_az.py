"""An account that changes its owner and goes, by Microsoft's az command; and the scans after it."""

from typing import Final

import pytest

from tests.functional.az_kit import VERSION_CHECK
from tests.functional.conftest import OpenAz, OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, estate_of, sub_id

pytestmark = pytest.mark.long

ACCOUNT: Final = ("cognitiveservices", "account")


def test_az_changes_the_owner_of_an_account_and_deletes_it_and_the_scans_follow(
    open_scene: OpenScene, open_az: OpenAz
) -> None:
    """What the simulator takes and gives back is what Microsoft's own client sends and expects."""
    estate = estate_of({"chat": MICROSOFT, "search": CMK})
    group = estate.subscription(sub_id(1)).accounts["chat"].group
    at = ("--name", "chat", "--resource-group", group, "--subscription", sub_id(1))
    scene = open_scene(estate)
    scene.scan()
    scene.news()
    az = open_az(scene.simulator)
    az.sign_in()
    refused = [
        az.refusal(*ACCOUNT, *words, *at)
        for words in (("update", "--tags", "owner=red"), ("delete",))
    ]
    az("login", "--identity", "--client-id", estate.administrator)

    changed = az(*ACCOUNT, "update", *at, "--tags", "owner=blue team", "stage=test")
    scene.scan()
    owner, news = scene.findings()["chat"]["owner"], [scene.news()]
    az(*ACCOUNT, "delete", *at)
    gone = az.refusal(*ACCOUNT, "show", *at)
    az(*ACCOUNT, "delete", *at)
    scene.scan()
    news.append(scene.news())

    assert all("AuthorizationFailed" in each for each in refused)
    assert changed["tags"] == {"owner": "blue team", "stage": "test"}
    assert changed["properties"]["encryption"]["keySource"] == MICROSOFT["keySource"]
    assert owner == {"value": "blue team", "source": "account"}
    assert "ResourceNotFound" in gone
    assert list(scene.findings()) == ["search"]
    assert news == [[("account.updated", "chat")], [("account.removed", "chat")]]
    assert az.strayed <= {VERSION_CHECK}
