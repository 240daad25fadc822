"""Findings to make plans for, and a bash that runs their scripts with an az that remembers."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cmk_check.core.account import Account
from cmk_check.core.model import Finding
from cmk_check.core.remediation.bicep import render_bicep
from cmk_check.core.remediation.encryption_plan import plan_for
from cmk_check.core.remediation.plan import Plan, TargetVault
from cmk_check.core.resource_id import AccountId
from cmk_check.core.rule import judge

SUBSCRIPTION: Final = "8d3c0000-0000-4000-8000-000000000001"
TENANT: Final = "72f90000-0000-4000-8000-000000000002"
CLIENT: Final = "c11e0000-0000-4000-8000-000000000003"
NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
NEVER: Final[Mapping[str, str]] = {}
MICROSOFT: Final = {"key_source": "Microsoft.CognitiveServices", "key_name": "left-behind"}
NO_KEY: Final = {"key_source": "Microsoft.KeyVault"}
# A new account as az shows it, and one that has been given another's vault.
BARE: Final = {"tenant": TENANT, "location": "westeurope", "state": "Succeeded"}
OLD_VAULT: Final = {
    "vault": "",
    "vault_location": "West Europe",
    "vault_tenant": TENANT.upper(),
    "roles": "false",
    "protected": "true",
}
BASH: Final = shutil.which("bash") or "/bin/bash"
_SECONDS: Final = 300.0
_FAKE: Final = Path(__file__).with_name("fake_az.sh")
_MANY: Final = Path(__file__).with_name("many_az.sh")


def finding_of(
    name: str = "chat",
    group: str = "rg-ai",
    subscription: str = SUBSCRIPTION,
    **account: Any,  # noqa: ANN401 - the fields of Account
) -> Finding:
    """Return the finding of an account, judged by the rule: without fields, never configured."""
    text = f"/subscriptions/{subscription}/resourceGroups/{group}"
    account_id = AccountId.parse(f"{text}/providers/Microsoft.CognitiveServices/accounts/{name}")
    assert account_id is not None
    fields = {"kind": "OpenAI", "location": "westeurope", **account}
    read = Account(account_id, **fields)
    return Finding(read.id, read.kind, read.location, {}, judge(read), "1", NOON, NOON)


def planned(
    finding: Finding,
    *,
    tenant_id: str | None = None,
    vault: str | TargetVault | None = None,
    key: str | None = None,
) -> Plan:
    """Return the plan for a finding that has one."""
    plan = plan_for(finding, tenant_id=tenant_id, vault=vault, key=key)
    assert plan is not None
    return plan


def template_of(plan: Plan) -> str:
    """Return the Bicep of a plan that has one."""
    template = render_bicep(plan)
    assert template is not None
    return template


@dataclass(frozen=True, slots=True)
class Ended:
    """How a script ended, and what it asked az, call by call."""

    code: int
    out: str
    err: str
    calls: tuple[tuple[str, ...], ...]

    def words(self, count: int = 4) -> list[str]:
        """Return the beginnings of the calls, without their options."""
        return [
            " ".join(word for word in call[:count] if not word.startswith("-"))
            for call in self.calls
        ]


class Watched:
    """A place where scripts run with the fake az; its state stays from run to run."""

    def __init__(self, folder: Path, state: Mapping[str, str]) -> None:
        self._state, self._programs = folder / "state", folder / "bin"
        self._use(_FAKE)
        self.terminal: int | None = None
        self._state.mkdir(parents=True)
        self._programs.mkdir()
        self._path = f"{self._programs}:{os.environ['PATH']}"
        self._program("sleep", 'echo "$1" >>"$FAKE_AZ/slept"')
        for name, value in state.items():
            self.set(name, value)

    def set(self, name: str, value: str) -> None:
        """Set a fact of the state."""
        (self._state / name).write_text(f"{value}\n" if value else "")

    def get(self, name: str) -> str | None:
        """Return a fact of the state, or None where it is not so."""
        path = self._state / name
        return path.read_text().strip() if path.exists() else None

    def add_account(self, name: str, **state: str) -> None:
        """Add one of many accounts, whose vaults are apart, too; the other facts are of all."""
        self._use(_MANY)
        folder = self._state / "accounts" / name
        folder.mkdir(parents=True)
        (self._state / "vaults").mkdir(exist_ok=True)
        for fact, value in (BARE | state).items():
            self.set(f"accounts/{name}/{fact}", value)

    def run(self, script: str | Path, *options: str, **environment: str) -> Ended:
        """Run a script: a text from its standard input, or a file, which may read a terminal."""
        for name in ("calls", "count", "slept"):
            (self._state / name).unlink(missing_ok=True)
        text = b"" if isinstance(script, Path) else script.encode()
        words: list[str | Path] = [script, *options] if isinstance(script, Path) else []
        ended = subprocess.run(
            [BASH, *words],
            input=None if self.terminal else text,
            stdin=self.terminal,
            env={
                "PATH": self._path,
                "FAKE_AZ": str(self._state),
                **self._az,
                "LC_ALL": "C.UTF-8",
                **environment,
            },
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            start_new_session=True,  # for a signal that goes to all processes of the script
        )
        return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode(), self._calls())

    def _use(self, fake: Path) -> None:
        # A function, which costs a tenth of a program.
        self._az = {"BASH_FUNC_az%%": f'() {{ ( set +e +o pipefail; . "{fake}" ); }}'}

    def _program(self, name: str, line: str) -> None:
        path = self._programs / name
        path.write_text(f"#!/bin/bash\n{line}\n")
        path.chmod(0o755)

    def _calls(self) -> tuple[tuple[str, ...], ...]:
        path = self._state / "calls"
        words = iter(path.read_bytes().decode().split("\0")[:-1] if path.exists() else ())
        return tuple(tuple(next(words) for _ in range(int(count))) for count in words)
