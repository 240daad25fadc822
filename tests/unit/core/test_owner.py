"""The owner of an account: the first tag with a value, and where that tag is."""

import pytest

from cmk_check.core.owner import UNOWNED, Owner, owner_of, owner_tag
from cmk_check.limits import MAX_TAG_BYTES

TAGS = ("owner", "contact", "team")


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        pytest.param({"owner": "a", "team": "b"}, "a", id="the first of the setting"),
        pytest.param({"team": "b", "CONTACT": "c"}, "c", id="in any case"),
        pytest.param({"owner": " \t", "team": "b"}, "b", id="blank is none"),
        pytest.param({"Owner": "a", "owner": "b"}, "a", id="twice"),
        pytest.param({"owner": None, "team": 7}, None, id="no texts"),
        pytest.param({"owners": "a"}, None, id="another tag"),
        pytest.param({"owner": "unowned"}, "unowned", id="a word that says nobody"),
        pytest.param({"owner": " Legal "}, " Legal ", id="as it is spelled"),
        pytest.param({"owner": "a\x00b\ud800"}, "a\ufffdb\ufffd", id="no table holds it"),
        pytest.param({"owner": "x" * 10_000}, "x" * MAX_TAG_BYTES, id="10 KB"),
        pytest.param({}, None, id="no tags"),
        pytest.param(["owner"], None, id="no object"),
        pytest.param(None, None, id="null"),
    ],
)
def test_the_first_tag_with_a_value_names_the_owner(tags: object, owner: str | None) -> None:
    """The spelling of tags varies, and the result must not."""
    assert owner_tag(tags, TAGS) == owner


def test_no_tag_is_looked_at_without_a_name() -> None:
    """With an empty setting nothing is kept: owners may be people."""
    assert owner_tag({"owner": "a", "": "b"}, ()) is None


def test_the_account_says_more_than_its_subscription() -> None:
    """A subscription is often shared."""
    assert owner_of("a", "b") == Owner("a", "account")
    assert owner_of(None, "b") == Owner("b", "subscription")
    assert owner_of(None, None) == UNOWNED
