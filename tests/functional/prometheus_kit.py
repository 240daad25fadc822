"""A real Prometheus that scrapes the running host, and its promtool."""

import json
import os
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from local.child_process import ChildProcess
from tests.browsers import end_without
from tests.guard.documents import HTTP, section

_SECONDS: Final = 30.0
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_LISTENS: Final = re.compile(r'msg="?Listening on"? address=(127\.0\.0\.1:\d+)')
_READY: Final = "Server is ready to receive web requests."


def needs_prometheus() -> None:
    """End the test as ``end_without`` does where it is not installed."""
    if not all(map(shutil.which, ("prometheus", "promtool"))):
        end_without("NOTHING WAS SCRAPED: install prometheus, as .ci/run does")


def shown(*, holding: str) -> str:
    """Return the one YAML that the document on the HTTP API shows with this in it."""
    text = section(HTTP, "GET /api/v1/metrics")
    (block,) = [each for each in re.findall(r"(?s)```yaml\n(.*?)```", text) if holding in each]
    return str(block)


def promtool(*words: str | Path, given: str = "") -> tuple[int, str]:
    """Run it; return its exit code and all that it said."""
    ended = subprocess.run(
        ["promtool", *words],  # noqa: S607 - wherever it is installed
        input=given,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


class Prometheus:
    """Prometheus in a ``with`` block, with a configuration of ours and all it keeps in a folder."""

    def __init__(self, folder: Path, config: str, files: Mapping[str, str]) -> None:
        self._folder = folder
        self._config = folder / "prometheus.yml"
        self._config.write_text(config)
        for name, text in files.items():
            (folder / name).write_text(text)
        self._process: ChildProcess
        self._url = ""

    def __enter__(self) -> Self:
        program = shutil.which("prometheus")
        assert program is not None
        arguments = [
            program,
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            "--web.listen-address=127.0.0.1:0",
        ]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder)}
        self._process = ChildProcess(arguments, environment=environment, folder=self._folder)
        try:
            self._url = f"http://{self._process.wait_for(_address, _SECONDS)}"
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate(_SECONDS)

    def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - its JSON
        """Return the data that its HTTP API answers."""
        url = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with _DIRECT.open(url, timeout=_SECONDS) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """Return the samples that an expression has now: labels and value."""
        found = self.ask("query", query=expression)["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def targets(self) -> dict[str, Any]:
        """Return what it knows of its targets, by job."""
        return {each["labels"]["job"]: each for each in self.ask("targets")["activeTargets"]}

    def metadata(self, metric: str) -> list[dict[str, str]]:
        """Return what the targets said of a metric: its type, unit and help."""
        return list(self.ask("metadata", metric=metric)[metric])

    def alerts(self) -> set[tuple[str, str]]:
        """Return the alerts that are not inactive: name and state."""
        found = self.ask("alerts")["alerts"]
        return {(each["labels"]["alertname"], each["state"]) for each in found}

    def output(self) -> str:
        """Return what it has written so far."""
        return "\n".join(self._process.lines())


def _address(lines: list[str]) -> str | None:
    if not any(_READY in line for line in lines):
        return None
    return next((found[1] for line in lines if (found := _LISTENS.search(line))), None)
