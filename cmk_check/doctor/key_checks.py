"""Checks of keys: whether the vaults and keys of a few accounts can be read."""

from collections.abc import Iterable, Mapping, Sequence

from cmk_check.core.account import Account
from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.judge import accounts_of
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Key, KeyFacts, Vault
from cmk_check.core.keys.vault import is_closed
from cmk_check.core.unread import Unread
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import Mark, MarkedText, NotTried, listed
from cmk_check.inventory.api_versions import HSM_KEYS, KEYS
from cmk_check.limits import DOCTOR_SAMPLE_SECONDS, DOCTOR_SAMPLED


def sample(subject: DoctorSubject, judged: AllJudged) -> None:
    """Remember a few accounts whose keys to check, each with its key in another vault."""
    for account in accounts_of(KEY_HEALTH, judged):
        if len(subject.sampled) < DOCTOR_SAMPLED:
            subject.sampled.setdefault(_vault(account).lower(), account)


async def keys(subject: DoctorSubject) -> Sequence[MarkedText]:
    """Read the facts of the keys of a few accounts, as a scan does."""
    if not subject.settings.key_health:
        return []
    accounts = tuple(subject.sampled.values())
    if not accounts:
        raise NotTried("None of the accounts that could be read has a customer-managed key.")
    inventory = await subject.keys()
    facts = await inventory.read(accounts, {}, seconds=DOCTOR_SAMPLE_SECONDS)
    seen = sum(not _unread(facts[account.id.text]) for account in accounts)
    text = f"{seen} of {len(accounts)} sampled keys can be read."
    results: list[MarkedText] = [(Mark.OK, text)] if seen else []
    examples = (_example(account, facts[account.id.text]) for account in accounts)
    if example := next(filter(None, examples), None):
        kind, sentence = example
        results.append((Mark.OK, f"{sentence} (api-version {await subject.api_version(kind)})."))
    results += [
        (Mark.PROBLEM, f"{gap.reason} for {listed(names)}: {gap.detail}")
        for gap, names in _by_gap(accounts, facts).items()
    ]
    return results


def _example(account: Account, facts: KeyFacts) -> tuple[str, str] | None:
    """Describe a key that Azure Resource Manager let the identity read, with its type.

    Whether it does so whatever a vault's permissions and firewall are is not proven on Azure.
    """
    if not (isinstance(facts.vault, Vault) and isinstance(facts.key, Key)):
        return None
    vault = facts.vault
    permissions = "roles" if vault.uses_rbac or vault.is_managed_hsm else "access policies"
    firewall = "closed" if is_closed(vault) else "open"
    sentence = (
        f"Azure Resource Manager let the key of {account.id.name} be read: its vault "
        f"{_vault(account)} uses {permissions}, and its firewall is {firewall}"
    )
    return HSM_KEYS if vault.is_managed_hsm else KEYS, sentence


def _by_gap(
    accounts: Iterable[Account], facts: Mapping[str, KeyFacts]
) -> Mapping[Gap, Sequence[str]]:
    """Return the accounts whose keys cannot be read, by gap."""
    found: dict[Gap, list[str]] = {}
    for account in accounts:
        of_account = facts[account.id.text]
        for gap in _unread(of_account):
            found.setdefault(gap, []).append(f"{account.id.name} ({_place(account, of_account)})")
    return found


def _unread(facts: KeyFacts) -> Sequence[Gap]:
    """Return the gaps of the facts, each once."""
    parts: list[object] = [facts.vault, facts.key, facts.grants, facts.scopes]
    if isinstance(facts.key, Key):
        parts.append(facts.key.versions)
    return list(dict.fromkeys(part.gap for part in parts if isinstance(part, Unread)))


def _place(account: Account, facts: KeyFacts) -> str:
    """Return the key's vault, with the subscription if known."""
    vault_id = facts.vault.id
    return f"{_vault(account)} in {vault_id.split('/')[2]}" if vault_id else _vault(account)


def _vault(account: Account) -> str:
    """Return the normalised address of the key's vault."""
    return (account.key_vault_uri or "").removeprefix("https://").rstrip("/")
