"""List what became wrong by time alone: old API versions, retirements, facts to read again.

The workflow ``reminders`` runs it every week and turns the list into an issue: what CI runs for a
commit must not depend on the date. Dependabot looks after the age of packages.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
RULE: Final = "use-recent-api-versions"
_NOTICE: Final = timedelta(days=180)
_FACT_AGE: Final = timedelta(days=365)
_API_AGE_DAYS: Final = 730


def main() -> int:
    """Print the list as Markdown, nothing if nothing is due; return the exit code."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    bicep = os.environ.get("BICEP", "bicep")
    today = datetime.now(UTC).date()
    for line in [*list_due(table, today), *list_old_versions(ROOT / "infra", bicep)]:
        print(f"- {line}")
    return 0


def list_due(table: dict[str, Any], today: date) -> Iterator[str]:
    """Yield a line for each retirement and fact of ``reminders.toml`` that is due today."""
    for retirement in table["retirement"]:
        if today >= retirement["date"] - _NOTICE:
            what, todo, source = (retirement[name] for name in ("what", "todo", "source"))
            yield f"{retirement['date']}: {what} {todo} [Source]({source})"
    for fact in table["fact"]:
        if today >= fact["read"] + _FACT_AGE:
            places = ", ".join(f"`{path}`" for path in fact["where"])
            yield f"Read again, last read on {fact['read']}: {fact['what']} ({places})"


def list_old_versions(templates: Path, bicep: str) -> list[str]:
    """Return a line for each API version that is old and has a successor the compiler knows.

    Raises:
        subprocess.CalledProcessError: the compiler does not accept a template.

    """
    rule = {"level": "warning", "maxAgeInDays": _API_AGE_DAYS}
    config = {"analyzers": {"core": {"rules": {RULE: rule}}}}
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(templates, Path(folder) / templates.name)
        (copy / "bicepconfig.json").write_text(json.dumps(config))
        # One process per template: each takes a second, and the job has time.
        lints = [
            subprocess.run([bicep, "lint", path], capture_output=True, text=True, check=True)
            for path in copy.rglob("*.bicep")
        ]
    lines = "".join(lint.stdout + lint.stderr for lint in lints)
    # A template repeats what the linter finds in its modules.
    return sorted(set(re.findall(rf"{RULE}: (.*?) \[https:", lines)))


if __name__ == "__main__":
    sys.exit(main())
