"""The plan for a violated account: which steps, about which identity, vault and key."""

import re
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.model import Finding
from cmk_check.core.owner import Owner
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.encryption_plan import choose_shared_vault, plan_for
from cmk_check.core.remediation.plan import TargetVault
from cmk_check.core.resource_id import AccountId
from tests.fakes.broken_keys import KEYS_IN_TROUBLE, key_plan_of
from tests.fakes.remediation import (
    CLIENT,
    MICROSOFT,
    NEVER,
    NO_KEY,
    SUBSCRIPTION,
    TENANT,
    finding_of,
    planned,
    template_of,
)

OTHER = "5b1e0000-0000-4000-8000-000000000004"
ID = f"/subscriptions/{OTHER}/resourceGroups/rg-keys/providers/Microsoft.KeyVault/vaults/kv-old"
NEW = ["sign_in", "create_vault", "create_key", "grant", "wait", "switch_on", "verify"]
WITH_IDENTITY = ["sign_in", "assign_identity", *NEW[1:]]


@pytest.mark.parametrize(
    ("identity", "client", "actions", "user"),
    [
        pytest.param(None, None, WITH_IDENTITY, False, id="none"),
        pytest.param("SystemAssigned", None, NEW, False, id="system"),
        pytest.param("UserAssigned", CLIENT, NEW, True, id="user, named"),
        pytest.param("SystemAssigned, UserAssigned", None, NEW, False, id="both"),
        pytest.param("userassigned,systemassigned", CLIENT, NEW, True, id="both, named"),
        pytest.param("SystemAssigned", CLIENT, NEW, False, id="one that is gone"),
        pytest.param("UserAssigned", "$(x)", NEW, True, id="no client id"),
    ],
)
def test_an_identity_is_given_only_to_an_account_without_one(
    identity: str | None, client: str | None, actions: list[str], *, user: bool
) -> None:
    """Assigning an identity to an account with another one would remove that one."""
    finding = finding_of(identity_type=identity, identity_client_id=client)

    plan = planned(finding)

    assert [step.action for step in plan.steps] == actions
    assert plan.user is user
    assert plan.client_id == (client if client == CLIENT else None)


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (NEVER, Reason.NEVER_CONFIGURED),
        (MICROSOFT, Reason.MICROSOFT_MANAGED_KEY),
        (NO_KEY, Reason.KEY_NOT_NAMED),
        (NO_KEY | {"key_name": "cmk"}, Reason.CUSTOMER_MANAGED_KEY),
        ({"key_source": "Contoso.KeySafe"}, Reason.UNRECOGNISED_KEY_SOURCE),
        ({"malformed": "The account has no kind."}, Reason.MALFORMED),
    ],
)
def test_every_violation_and_nothing_else_has_a_plan(
    account: dict[str, str], reason: Reason
) -> None:
    """A violation without a remedy is no help; a fix for what is not broken breaks it."""
    finding = finding_of(**account)

    assert finding.judgement.reason is reason
    is_violation = finding.judgement.verdict is Verdict.NON_COMPLIANT
    assert (plan_for(finding) is not None) == is_violation


@pytest.mark.parametrize("account", [NEVER, MICROSOFT, NO_KEY])
def test_no_plan_sets_a_key_that_azure_does_not_offer(account: dict[str, str]) -> None:
    """The script would create a vault for ever and then fail."""
    finding = finding_of(kind="computerVision", **account)

    assert finding.judgement.verdict is Verdict.NON_COMPLIANT
    assert plan_for(finding) is None
    assert choose_shared_vault(finding) is None
    assert "Encryption page" not in finding.judgement.message
    assert finding.judgement.message.endswith(": take the kind out of CMK_KINDS.")


@pytest.mark.parametrize(
    ("wanted", "vault"),
    [
        ("kv-old", TargetVault("kv-old", SUBSCRIPTION, None, is_new=False)),
        (ID.lower(), TargetVault("kv-old", OTHER, "rg-keys", is_new=False)),
    ],
    ids=["name", "id"],
)
def test_an_existing_vault_is_checked_not_created(wanted: str, vault: TargetVault) -> None:
    """Most companies have a vault, often in a separate subscription."""
    plan = planned(finding_of(identity_type="SystemAssigned"), vault=wanted, key="our-key")

    assert plan.vault == vault
    assert plan.key == "our-key"
    assert [step.action for step in plan.steps] == ["sign_in", "check_vault", *NEW[2:]]


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("https://kv-there.vault.azure.net/", "kv-there"),
        ("https://KV-there.vault.usgovcloudapi.net", "KV-there"),
        ("https://hsm-there.managedhsm.azure.net/", None),
        ("https://a--b.vault.azure.net/", None),
        (None, None),
    ],
)
def test_a_vault_that_the_account_names_already_is_used(uri: str | None, name: str | None) -> None:
    """Only another key in that vault is possible; under Microsoft's keys it means nothing."""
    finding = finding_of(**NO_KEY, key_vault_uri=uri)
    plan = planned(finding)

    assert plan.vault.is_new == (name is None)
    assert name is None or plan.vault.name == name
    assert planned(finding, vault="kv-old").vault.name == "kv-old"
    assert planned(finding_of(**MICROSOFT, key_vault_uri=uri)).vault.is_new


@pytest.mark.parametrize(
    ("option", "name"),
    [
        *(("vault", name) for name in ("ab", "a" * 25, "k--v", "kv\n", f"{ID}/keys/x")),
        ("vault", ID.replace("kv-old", "$(x)")),
        ("vault", ID.replace("rg-keys", "a\x1bb")),
        ("vault", ID.replace(OTHER, "x")),
        *(("key", name) for name in ("", "a/b", "k" * 128, "k\n", "kéy")),
    ],
)
def test_what_cannot_be_a_vault_or_a_key_is_refused(option: str, name: str) -> None:
    """A plan that Azure refuses half-way is worse than none."""
    with pytest.raises(ValueError, match=f"a {option}'s name has"):
        planned(finding_of(), **{option: name})


@pytest.mark.parametrize(
    ("location", "tenant"), [(None, None), ("", "x"), ("west'europe", f"{TENANT} --y")]
)
def test_a_region_and_a_tenant_that_are_not_known_are_asked_for(
    location: str | None, tenant: str | None
) -> None:
    """The script asks Azure; a template cannot, so it asks its user for the region."""
    plan = planned(finding_of(location=location), tenant_id=tenant)

    assert (plan.location, plan.tenant_id) == (None, None)
    script = render_az(plan)
    assert "LOCATION=''\n" in script
    assert "TENANT=''\n" in script
    assert "@description('Required. The account\\'s region.')\nparam location string\n" in (
        template_of(plan)
    )


@given(st.text(min_size=1, max_size=64).filter(lambda text: "/" not in text))
def test_names_of_vault_and_key_are_valid_and_stay_the_same(name: str) -> None:
    """A script created again tomorrow continues where today's script stopped."""
    assume(AccountId.parse(finding_of().id.text.replace("chat", name)) is not None)
    plan = planned(finding_of(name=name))

    assert re.fullmatch("kv-cmk-[0-9a-f]{16}", plan.vault.name)
    assert re.fullmatch("cmk-[0-9a-f]{16}", plan.key)
    assert planned(finding_of(name=name)) == plan
    assert planned(finding_of(name=name, group="another")).vault.name != plan.vault.name


@pytest.mark.parametrize("vault", [None, "kv-old"])
def test_what_cannot_be_taken_back_is_said_before_anything_is_run(vault: str | None) -> None:
    """A person who copies a script reads its head, if anything; and Terraform would undo it."""
    plan = planned(finding_of(), vault=vault)

    warned = [(step.title, step.warning) for step in plan.steps if step.warning]
    safe = {step.action.value for step in plan.steps if not step.warning}
    assert safe == {"sign_in", "wait", "verify"}
    heads = {"#": render_az(plan).partition("set -euo"), "//": template_of(plan).partition("param")}
    for sign, (head, *_) in heads.items():
        said = " ".join(line.removeprefix(sign).strip() for line in head.splitlines())
        assert all(f"- {title}: {warning}" in said for title, warning in warned)
        first = said.index(f": - Terraform: {plan.warning} - ")
        assert first < min(said.index(f"- {title}: ") for title, _ in warned)


def test_a_plan_that_leaves_the_account_as_it_is_has_no_warning_about_terraform() -> None:
    """A person who rotates a key has nothing to change in the account's configuration."""
    plan = key_plan_of(KEYS_IN_TROUBLE["rotation overdue"])

    assert plan.warning is None
    assert "Terraform" not in render_az(plan)


_ANN: Final = replace(finding_of(), owner=Owner("Ann", "account"))


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        pytest.param(finding_of(), finding_of("other", "rg-other"), 1, id="account"),
        pytest.param(finding_of(), finding_of(location="West Europe"), 1, id="region, as spelled"),
        pytest.param(finding_of(), finding_of(location="northeurope"), 2, id="region"),
        pytest.param(finding_of(), finding_of(subscription=OTHER), 2, id="subscription"),
        pytest.param(finding_of(), replace(finding_of(), owner=Owner()), 1, id="nobody"),
        pytest.param(finding_of(), _ANN, 2, id="owner"),
        pytest.param(_ANN, replace(_ANN, owner=Owner("Ann", "subscription")), 1, id="tag"),
        pytest.param(_ANN, replace(_ANN, owner=Owner("ann", "account")), 2, id="owner, as spelled"),
    ],
)
def test_a_shared_vault_is_that_of_subscription_region_and_owner(
    one: Finding, other: Finding, count: int
) -> None:
    """Tomorrow's plans must find today's vault; a key's owner must not stop others' accounts."""
    plans = [planned(each, vault=choose_shared_vault(each)) for each in (one, other)]

    vaults, keys = {plan.vault.name for plan in plans}, {plan.key for plan in plans}

    assert (len(vaults), len(keys)) == (count, count)
    assert {f"kv-{key}" for key in keys} == vaults
    assert all(plan.vault.is_new and plan.vault.is_shared for plan in plans)


@pytest.mark.parametrize(
    "account",
    [
        pytest.param({"location": None}, id="no region"),
        pytest.param({"location": "\u202e"}, id="no name of a region"),
        pytest.param(NO_KEY | {"key_vault_uri": "https://kv-own.vault.azure.net"}, id="names one"),
    ],
)
def test_an_account_that_cannot_share_a_vault_has_its_own(account: dict[str, str]) -> None:
    """A vault elsewhere is refused by Azure, whatever is granted there."""
    assert choose_shared_vault(finding_of(**account)) is None
