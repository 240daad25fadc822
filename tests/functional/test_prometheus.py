"""A real Prometheus scrapes the running host as the documents say, and alerts on what it got."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

import pytest

from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import (
    CMK,
    MICROSOFT,
    Scene,
    add_account,
    estate_of,
    wait_until,
)
from tests.functional.prometheus_kit import Prometheus, needs_prometheus, promtool, shown
from tests.functional.storage_kit import LONG_AGO

pytestmark = pytest.mark.long

QUICK: Final = "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\n"
OLDER: Final = "scrape_protocols: [PrometheusText0.0.4]"
PATIENT: Final = "scrape_interval: 4s\n    scrape_timeout: 4s"
NONE: Final = {"compliant": 0, "nonCompliant": 0, "unknown": 0}
FIRING: Final = ("CmkCheckNonCompliant", "firing")
HOSTILE: Final = 'a"b\\c} 1 # <script>\u202e\U0001f600'


@pytest.fixture(autouse=True)
def _prometheus_is_installed() -> None:
    needs_prometheus()


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
    text = shown(holding=way)
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def _prometheus(folder: Path, scene: Scene, *jobs: str) -> Prometheus:
    config = f"{QUICK}scrape_configs:\n{''.join(jobs)}"
    files = {"rules.yml": shown(holding="groups:"), "cmk_check.key": _key(scene) + "\n"}
    return Prometheus(folder, config, files)


def _key(scene: Scene) -> str:
    return scene.host.keys.functions["api"]


def _metrics(scene: Scene) -> str:
    answer = scene.get("v1/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return str(answer.body)


def _knows_headers(folder: Path) -> bool:
    """Ask this Prometheus itself: what a distribution builds may be ahead of its version."""
    config = folder / "headers.yml"
    (folder / "cmk_check.key").write_text("s3cret")
    config.write_text(shown(holding="http_headers:").replace("/etc/prometheus/", ""))
    code, said = promtool("check", "config", config)
    assert code == 0 or "field http_headers not found" in said, said
    return code == 0


def _wait_for_scrapes(prometheus: Prometheus, jobs: int) -> None:
    wait_until(
        lambda: len(prometheus.query("up")) == jobs, "a scrape of each", show=prometheus.output
    )


def _values(prometheus: Prometheus, expression: str, label: str) -> dict[str, float]:
    return {labels[label]: value for labels, value in prometheus.query(expression)}


def _assert_it_is_the_status(prometheus: Prometheus, job: str, status: Any) -> None:  # noqa: ANN401
    """Compare what Prometheus knows by a job with what the API answers."""
    own = f'job="{job}"'
    postures = _values(prometheus, f"cmkcheck_posture{{{own}}}", "cmkcheck_posture")
    reasons = _values(prometheus, f"cmkcheck_posture_reason{{{own}}} == 1", "reason")
    accounts = prometheus.query(f"cmkcheck_accounts{{{own}}}")
    ignored = _values(prometheus, f"cmkcheck_accounts_ignored{{{own}}}", "kind")
    coverage = _values(prometheus, f"cmkcheck_subscriptions{{{own}}}", "coverage")
    ((_, as_of),) = prometheus.query(f"cmkcheck_as_of_timestamp_seconds{{{own}}}")

    assert [posture for posture, held in postures.items() if held] == [status["posture"]]
    assert len(postures) == 4
    assert set(reasons) == {reason["code"] for reason in status["reasons"]}
    assert {(each["kind"], each["verdict"]): number for each, number in accounts} == {
        (kind, _snake_case(verdict)): number
        for kind, counts in ({"AIServices": NONE} | status["accounts"]["byKind"]).items()
        for verdict, number in counts.items()
    }
    assert ignored == status["accounts"]["ignoredByKind"]
    assert coverage == {
        name: number for name, number in status["subscriptions"].items() if name != "total"
    }
    assert datetime.fromtimestamp(as_of, UTC) == datetime.fromisoformat(status["asOf"])


def _snake_case(name: str) -> str:
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)


def test_prometheus_gets_the_answer_that_the_status_gives(
    open_scene: OpenScene, tmp_path: Path
) -> None:
    """An alert rests on what Prometheus made of the text: in either format, whatever the kind."""
    estate = estate_of({"chat": CMK, "search": MICROSOFT}, {"lab": MICROSOFT})
    add_account(estate.subscriptions[0], "odd", kind=HOSTILE)
    scene = open_scene(estate)
    scene.scan()
    own, others = _key(scene), scene.host.keys.functions["scan_now"]
    jobs = (
        _job("params:", "parameter", scene, own),
        _job("params:", "older", scene, own, OLDER),
        _job("params:", "stranger", scene, others),
        _job("params:", "nobody", scene, "s3cret"),
    )

    with _prometheus(tmp_path, scene, *jobs) as prometheus:
        _wait_for_scrapes(prometheus, len(jobs))
        for job in ("parameter", "older"):
            _assert_it_is_the_status(prometheus, job, scene.status())
        up = _values(prometheus, "up", "job")
        strangers = prometheus.query('{__name__=~"cmkcheck_.*", job=~"stranger|nobody"}')
        wait_until(lambda: FIRING in prometheus.alerts(), "an alert", show=prometheus.output)
        summaries = {each["annotations"]["summary"] for each in prometheus.ask("alerts")["alerts"]}
        told = {each["type"] for each in prometheus.metadata("cmkcheck_posture")}
        targets = prometheus.targets()

    assert up == {"parameter": 1, "older": 1, "stranger": 0, "nobody": 0}
    assert strangers == []
    assert {targets[job]["lastError"] for job in ("stranger", "nobody")} == {
        "server returned HTTP status 401 Unauthorized"
    }
    assert summaries == {"2 accounts of kind OpenAI are not under a customer-managed key."}
    assert told == {"stateset", "gauge"}
    assert HOSTILE in scene.status()["accounts"]["ignoredByKind"]
    assert quote_plus(own) in targets["parameter"]["scrapeUrl"]


def test_a_key_in_a_header_shows_nowhere_p6(open_scene: OpenScene, tmp_path: Path) -> None:
    """P6: that is why the document gives it first."""
    if not _knows_headers(tmp_path):
        pytest.skip("NO HEADER WAS SENT: this Prometheus has no http_headers")
    scene = open_scene(estate_of({"chat": CMK}))
    scene.scan()
    key = _key(scene)

    with _prometheus(tmp_path, scene, _job("http_headers:", "header", scene, key)) as prometheus:
        _wait_for_scrapes(prometheus, 1)
        up = prometheus.query("up")
        _assert_it_is_the_status(prometheus, "header", scene.status())
        said = json.dumps([prometheus.targets(), prometheus.ask("status/config")])

    assert [value for _, value in up] == [1]
    assert key not in said + prometheus.output()
    assert quote_plus(key) not in said + prometheus.output()


def test_p1_a_green_that_grew_old_turns_unknown_in_prometheus(
    open_scene: OpenScene, tmp_path: Path
) -> None:
    """P1: scrapes go on when scans do not; the hours pass by rewriting the status row."""
    scene = open_scene(estate_of({"chat": CMK}), CMK_MAX_AGE_MINUTES="60")
    scene.scan()
    posture = "cmkcheck_posture == 1"
    (row,) = [row for row in scene.storage.rows("cmkscans") if row["RowKey"] == "status"]

    with _prometheus(tmp_path, scene, _job("params:", "one", scene, _key(scene))) as prometheus:
        _wait_for_scrapes(prometheus, 1)
        green = _values(prometheus, posture, "cmkcheck_posture")
        scene.storage.change_document(row, as_of=LONG_AGO)
        wait_until(
            lambda: _values(prometheus, posture, "cmkcheck_posture") != green, "another posture"
        )
        old = _values(prometheus, posture, "cmkcheck_posture")
        ((_, age),) = prometheus.query("cmkcheck_as_of_age_seconds")
        wait_until(prometheus.alerts, "an alert")
        alerts = prometheus.alerts()

    assert (green, old) == ({"compliant": 1}, {"unknown": 1})
    assert age > 3600
    assert alerts == {("CmkCheckUnknown", "pending")}


def test_promtool_has_no_complaint(open_scene: OpenScene, tmp_path: Path) -> None:
    """It knows the conventions of names, units and rules; it reads the older format alone."""
    scene = open_scene("sample")
    scene.scan()
    rules = tmp_path / "rules.yml"
    rules.write_text(shown(holding="groups:"))
    config = tmp_path / "prometheus.yml"
    config.write_text(shown(holding="params:"))

    assert promtool("check", "metrics", given=_metrics(scene)) == (0, "")
    assert promtool("check", "config", config)[0] == 0
    code, said = promtool("check", "rules", "--lint-fatal", rules)
    assert (code, "6 rules found" in said) == (0, True), said
