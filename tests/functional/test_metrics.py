"""A real Prometheus scrapes the running host as the documents say, and alerts on what it got."""

import json
import os
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

import pytest

from local.child_process import ChildProcess
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, add_account, estate_of, wait_until
from tests.guard.documents import HTTP, section

pytestmark = pytest.mark.tools("Prometheus")

SECONDS: Final = 30.0
DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
LISTENS: Final = re.compile(r'msg="?Listening on"? address=(127\.0\.0\.1:\d+)')
READY: Final = "Server is ready to receive web requests."
QUICK: Final = "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\n"
OLDER: Final = "scrape_protocols: [PrometheusText0.0.4]"
HOSTILE: Final = 'a"b\\c} 1 # <script>\u202e\U0001f600'


def _documented(*, holding: str) -> str:
    """Return the one YAML that the document on the HTTP API shows with this in it."""
    text = section(HTTP, "GET /api/v1/metrics")
    (block,) = [each for each in re.findall(r"(?s)```yaml\n(.*?)```", text) if holding in each]
    return str(block)


def _promtool(*words: str | Path, given: str = "") -> tuple[int, str]:
    """Run it; return its exit code and all that it said."""
    ended = subprocess.run(
        ["promtool", *words],  # noqa: S607 - wherever it is installed
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running Prometheus, asked by its HTTP API."""

    url: str
    process: ChildProcess

    def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401 - its JSON
        """Return the data that it answers."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with DIRECT.open(url, timeout=SECONDS) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """Return the samples that an expression has now: labels and value."""
        found = self.ask("query", query=expression)["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def values(self, expression: str, label: str) -> dict[str, float]:
        """Return the samples of an expression by a label."""
        return {labels[label]: value for labels, value in self.query(expression)}

    def output(self) -> str:
        """Return what it has written so far."""
        return "\n".join(self.process.lines())


@contextmanager
def _prometheus(folder: Path, scene: Scene, *jobs: str) -> Iterator[Prometheus]:
    """Run Prometheus with these jobs, and with all that it keeps in a folder."""
    (folder / "prometheus.yml").write_text(f"{QUICK}scrape_configs:\n{''.join(jobs)}")
    (folder / "rules.yml").write_text(_documented(holding="groups:"))
    (folder / "cmk_check.key").write_text(_key(scene) + "\n")
    arguments = [
        str(shutil.which("prometheus")),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
    ]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    process = ChildProcess(arguments, environment=environment, folder=folder)
    try:
        yield Prometheus(f"http://{process.wait_for(_address, SECONDS)}", process)
    finally:
        process.terminate(SECONDS)


def _address(lines: list[str]) -> str | None:
    if not any(READY in line for line in lines):
        return None
    return next((found[1] for line in lines if (found := LISTENS.search(line))), None)


def _job(way: str, name: str, scene: Scene, key: str, more: str = "") -> str:
    """Return a job as the document shows it, for this host."""
    changes = {
        "scrape_configs:\n": "",
        "job_name: cmk_check": f"job_name: {name}\n    {more}",
        "scheme: https": "scheme: http",
        "<app>.azurewebsites.net": scene.host.url.removeprefix("http://"),
        "<key of api>": key,
        "/etc/prometheus/cmk_check.key": "cmk_check.key",
    }
    text = _documented(holding=way)
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def _key(scene: Scene) -> str:
    return scene.host.keys.functions["api"]


def _knows_headers(folder: Path) -> bool:
    """Ask this Prometheus itself: what a distribution builds may be ahead of its version."""
    config = folder / "headers.yml"
    (folder / "cmk_check.key").write_text("s3cret")
    config.write_text(_documented(holding="http_headers:").replace("/etc/prometheus/", ""))
    code, said = _promtool("check", "config", config)
    assert code == 0 or "field http_headers not found" in said, said
    return code == 0


def _assert_it_is_the_status(prometheus: Prometheus, job: str, status: Any) -> None:  # noqa: ANN401
    """Compare what Prometheus knows by a job with what the API answers."""
    own = f'job="{job}"'
    posture = prometheus.values(f"cmkcheck_posture{{{own}}} == 1", "cmkcheck_posture")
    reasons = prometheus.values(f"cmkcheck_posture_reason{{{own}}} == 1", "reason")
    violated = f'cmkcheck_accounts{{{own}, verdict="non_compliant"}} > 0'
    ignored = prometheus.values(f"cmkcheck_accounts_ignored{{{own}}}", "kind")
    ((_, as_of),) = prometheus.query(f"cmkcheck_as_of_timestamp_seconds{{{own}}}")

    assert set(posture) == {status["posture"]}
    assert set(reasons) == {reason["code"] for reason in status["reasons"]}
    assert prometheus.values(violated, "kind") == {"OpenAI": 2}
    assert ignored == status["accounts"]["ignoredByKind"] == {HOSTILE: 1}
    assert datetime.fromtimestamp(as_of, UTC) == datetime.fromisoformat(status["asOf"])


def _firing(prometheus: Prometheus) -> list[Any]:
    return [each for each in prometheus.ask("alerts")["alerts"] if each["state"] == "firing"]


def test_prometheus_gets_the_answer_that_the_status_gives(
    open_scene: OpenScene, tmp_path: Path
) -> None:
    """An alert rests on what Prometheus made of the text: in either format, whatever the kind.

    P6: a key in a header, which the document gives first, shows nowhere. And promtool, which knows
    the conventions of names, units and rules, has no complaint.
    """
    estate = estate_of({"chat": CMK, "search": MICROSOFT}, {"lab": MICROSOFT})
    add_account(estate.subscriptions[0], "odd", kind=HOSTILE)
    scene = open_scene(estate)
    scene.scan()
    own = _key(scene)
    jobs = {
        "parameter": _job("params:", "parameter", scene, own),
        "older": _job("params:", "older", scene, own, OLDER),
        "stranger": _job("params:", "stranger", scene, scene.host.keys.functions["scan_now"]),
    }
    if _knows_headers(tmp_path):
        jobs["header"] = _job("http_headers:", "header", scene, own)

    with _prometheus(tmp_path, scene, *jobs.values()) as prometheus:
        wait_until(
            lambda: len(prometheus.query("up")) == len(jobs), "scrapes", show=prometheus.output
        )
        for job in jobs.keys() - {"stranger"}:
            _assert_it_is_the_status(prometheus, job, scene.status())
        up = prometheus.values("up", "job")
        strangers = prometheus.query('{__name__=~"cmkcheck_.*", job="stranger"}')
        alerts = wait_until(lambda: _firing(prometheus), "an alert", show=prometheus.output)
        told = prometheus.ask("metadata", metric="cmkcheck_posture")["cmkcheck_posture"]
        targets = {e["labels"]["job"]: e for e in prometheus.ask("targets")["activeTargets"]}

    metrics = scene.get("v1/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert _promtool("check", "metrics", given=str(metrics.body)) == (0, "")
    assert _promtool("check", "config", tmp_path / "prometheus.yml")[0] == 0
    code, said = _promtool("check", "rules", "--lint-fatal", tmp_path / "rules.yml")
    assert (code, "6 rules found" in said) == (0, True), said
    assert up == {job: job != "stranger" for job in jobs}
    assert strangers == []
    assert targets["stranger"]["lastError"] == "server returned HTTP status 401 Unauthorized"
    assert {each["annotations"]["summary"] for each in alerts} == {
        "2 accounts of kind OpenAI are not encrypted with a customer-managed key."
    }
    assert {each["type"] for each in told} == {"stateset", "gauge"}
    assert quote_plus(own) in targets["parameter"]["scrapeUrl"]
    assert quote_plus(own) not in json.dumps(targets.get("header")) + prometheus.output()


ACCOUNTS: Final = 'cmkcheck_accounts{kind="OpenAI", verdict="non_compliant"}'
# What is measured in each minute, and the alerts of the second hour.
FIRED: Final = {
    ('cmkcheck_posture{cmkcheck_posture="unknown"}', "0x120"): (),
    ('cmkcheck_posture{cmkcheck_posture="unknown"}', "1x120"): ("CmkCheckUnknown",),
    ('up{job="cmk_check"}', "0x120"): ("CmkCheckSilent",),
    (ACCOUNTS, "0x120"): (),
    (ACCOUNTS, "2x120"): ("CmkCheckNonCompliant",),
    (ACCOUNTS, "1x60 2x60"): ("CmkCheckMoreNonCompliant", "CmkCheckNonCompliant"),
    ('cmkcheck_accounts_by_key_health{key_health="broken"}', "1x120"): ("CmkCheckKeysBroken",),
    ("cmkcheck_changes_unpublished", "2x120"): ("CmkCheckChangesUnpublished",),
}


def test_each_rule_fires_for_what_it_is_named_after(tmp_path: Path) -> None:
    """P1: a posture that is unknown for an hour, as one that grew old, is an alert, too."""
    (tmp_path / "rules.yml").write_text(_documented(holding="groups:"))
    answers = {"series": 'cmkcheck_posture{cmkcheck_posture="compliant"}', "values": "0x120"}
    fired = 'group by (alertname) (ALERTS{alertstate="firing"})'
    tests = [
        {
            "interval": "1m",
            "input_series": [
                {"series": series, "values": values},
                *([answers] if series != 'up{job="cmk_check"}' else []),
            ],
            "promql_expr_test": [
                {
                    "expr": fired,
                    "eval_time": "90m",
                    "exp_samples": [
                        {"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in alerts
                    ],
                }
            ],
        }
        for (series, values), alerts in FIRED.items()
    ]
    (tmp_path / "tests.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "tests": tests}))

    code, said = _promtool("test", "rules", tmp_path / "tests.yml")

    assert code == 0, said
