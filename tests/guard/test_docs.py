"""The documents: what can drift from the code is compared with it, or written by `make docs`."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from cmk_check.alerts.log_lines import LogEvent
from cmk_check.config.misspelt_settings import API_KEY
from cmk_check.config.settings import SETTING_NAMES, Settings
from cmk_check.core.kinds import WITHOUT_CUSTOMER_KEYS
from cmk_check.core.rule_text import RULE_TEXT
from cmk_check.doctor.assumptions import PROBES
from cmk_check.doctor.assumptions import texts as assumptions
from tests.guard.documents import (
    ARCHITECTURE,
    DOCUMENTS,
    HTTP,
    ROOT,
    RULE,
    anchors,
    codes,
    examples,
    section,
    table,
)
from tools.reference.__main__ import RENDERERS
from tools.reference.documents import documents, rewritten
from tools.reference.metrics import metrics

TEXTS = [path.read_text() for path in DOCUMENTS]
AZURITE = {"CMK_STORAGE": "UseDevelopmentStorage=true"}


@cache
def _anchors(path: Path) -> set[str]:
    return anchors(path.read_text())


def _leads_somewhere(goal: Path, anchor: str) -> bool:
    return goal.exists() and (not anchor or anchor in _anchors(goal))


def test_every_link_within_the_project_leads_somewhere() -> None:
    """A reader who meets a dead link stops believing the page it stood on."""
    links = [
        (path, target, anchor)
        for path in DOCUMENTS
        for target, anchor in re.findall(
            r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", path.read_text()
        )
    ]

    dead = [
        f"{path.name}: {target}#{anchor}"
        for path, target, anchor in links
        if not _leads_somewhere((path.parent / target).resolve() if target else path, anchor)
    ]

    assert len(links) > len(DOCUMENTS)
    assert dead == []


def test_the_table_of_errors_names_every_code_of_the_api() -> None:
    """A client that meets one looks there for what to do."""
    raised = r'(?:error_answer|RequestRefused)\(\s*[\w.]+,\s*"(\w+)"'
    sources = [path.read_text() for path in (ROOT / "cmk_check/web").rglob("*.py")]

    found = {code for source in sources for code in re.findall(raised, source)}

    assert len(found) > 5
    listed = {row[1].strip("`") for row in table(section(HTTP, "Errors"), "status")}
    assert found <= listed


def test_every_make_task_that_is_named_exists() -> None:
    """The first command that a newcomer types must work."""
    tasks = re.findall(r"(?m)^([a-z-]+):.*##", (ROOT / "Makefile").read_text())
    code = re.findall(r"(?s)```sh\n(.*?)```|`([^`\n]+)`", "\n".join(TEXTS))

    named = {task for pair in code for task in re.findall(r"\bmake ([a-z-]+)", " ".join(pair))}

    assert {"test", "demo"} < named <= set(tasks)


def test_no_document_names_a_setting_or_metric_that_is_not_there() -> None:
    """A renamed one must not live on in advice; a query for such a metric gives no alert."""
    of_metrics = set(re.findall(r"\bcmkcheck_\w+", "\n".join(TEXTS)))
    assert set() < of_metrics <= {*re.findall(r"\w+", metrics())}
    name = re.compile(r"\bCMK_[A-Za-z_]+[A-Za-z]")
    templates = [(ROOT / "infra/main.bicep"), *(ROOT / "infra").rglob("*param*")]
    of_deployments = {found for file in templates for found in name.findall(file.read_text())}

    named = set(name.findall("\n".join(TEXTS)))
    # Who writes the settings names the routes.
    of_routes = re.compile(r"CMK_ROUTE(_[A-Z]+_(URL|SECRET))?")

    assert {one for one in named if not of_routes.fullmatch(one)} - {API_KEY} <= (
        SETTING_NAMES | of_deployments
    )


def test_the_routes_that_are_shown_are_valid() -> None:
    """People begin with what they can copy."""
    (routes,) = examples(section((ROOT / "docs/alerts.md").read_text(), "The webhook"))
    urls = {f"CMK_ROUTE_{one['name'].upper()}_URL": "https://hooks.test/x" for one in routes}

    settings = Settings.load({**AZURITE, "CMK_ROUTES": json.dumps(routes), **urls})

    assert [route.name for route in settings.routes] == ["security", "data", "nobody"]


def test_the_functions_of_the_architecture_are_those_of_the_app() -> None:
    """The names are what an operator sees in the portal."""
    text = (ROOT / "function_app.py").read_text()

    functions = re.findall(r"(?m)^ *async def (\w+)\(", text)

    assert codes(table(ARCHITECTURE, "function")) == functions


def test_the_picture_shows_every_function_queue_table_line_and_route() -> None:
    """It is the first thing that a reader looks at, and the last that an author mends."""
    functions = codes(table(ARCHITECTURE, "function"))
    queues = set(re.findall(r"`(cmk-[a-z-]+)`", ARCHITECTURE))
    tables = set(re.findall(r"`(cmk[a-z]+)`", ARCHITECTURE))
    routes = [route.split()[1].removeprefix("/api/v1") for route in codes(table(HTTP, "route"))]
    picture = (ROOT / "docs/flow.svg").read_text()
    shown = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture))

    assert {"cmk-slices", "cmk-changes"} < queues
    assert {*functions, *queues, *tables, *LogEvent} <= set(re.findall(r"[a-z._-]+", shown))
    assert [route for route in routes if route not in shown] == []


def test_the_page_of_the_rule_says_why_it_matters_as_findings_do() -> None:
    """Two texts on one question are soon two answers."""
    purpose = section(RULE, "Why it matters")

    assert [sentence for sentence in RULE_TEXT.why if sentence not in purpose] == []
    assert [kind for kind in WITHOUT_CUSTOMER_KEYS if f"`{kind}`" not in RULE] == []
    assert f"| {RULE_TEXT.severity}; `security-severity` {RULE_TEXT.security_severity}" in purpose


def test_every_dependency_has_its_reason() -> None:
    """A package that nobody can explain is a package to remove."""
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)
    python = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    npm = {*json.loads((ROOT / "package.json").read_text())["devDependencies"]}
    for path in ROOT.glob("tools/*/package.json"):
        tools = json.loads(path.read_text())
        npm |= {*(tools.get("devDependencies") or tools["optionalDependencies"])}
    record = (ROOT / "docs/decisions/0014-dependencies.md").read_text()

    beside = re.findall(r'(?m)^    "(.+)", # \w', text)
    above = re.findall(r'(?m)^    # .+\n    "(.+)",$', text)
    listed = " ".join(re.findall(r"(?m)^- (`.+?): \w", record))

    assert {*python} - {*beside, *above} == set()
    assert sorted(re.findall(r"`(.+?)`", listed)) == sorted(npm)


def test_every_file_that_the_architecture_names_exists() -> None:
    """Whoever looks for a file by its path must not believe that there is something else to know.

    A name without a folder is in one that its row names before.
    """
    missing = []
    for row in ARCHITECTURE.splitlines():
        rooms = [ROOT, ROOT / "cmk_check"]
        for name in re.findall(r"`([\w./-]+(?:\.\w+|/))`", row if row.startswith("|") else ""):
            found = next((room / name for room in rooms if (room / name).exists()), None)
            if found is not None:
                rooms.append(found if found.is_dir() else found.parent)
            elif name.rpartition(".")[2] in {"py", "toml", "json", "bicep", "sh", "js", "ts", ""}:
                missing.append(name)

    assert missing == []


def test_every_decision_stands_in_their_list() -> None:
    """A record that nobody finds was written for nobody; each has a number of its own."""
    folder = ROOT / "docs/decisions"
    records = sorted(folder.glob("0*.md"))
    listed = (folder / "README.md").read_text()

    rows, merged = table(listed, "#"), table(listed, "merged")

    assert [re.findall(r"\((.+)\)", row[1]) for row in rows] == [[entry.name] for entry in records]
    numbers = [int(number) for row in [*rows, *merged] for number in row[0].split(", ")]
    assert len(numbers) == len(set(numbers))
    for row, record in zip(rows, records, strict=True):
        (title,) = re.findall(r"^# \d+\. (.+)\n", record.read_text())
        assert record.name.startswith(f"{int(row[0]):04}-")
        assert row[1].startswith(f"[{title}](")


def test_documents_say_what_the_code_knows() -> None:
    """If this fails, run `make docs`, and read what it has changed."""
    texts = {path.relative_to(ROOT): path.read_text() for path in documents()}

    assert [path for path, text in texts.items() if rewritten(text, RENDERERS) != text] == []


# What is not proven on Azure is in one list, and every page that says so links to it.
OTHERS: Final = [
    path
    for path in DOCUMENTS
    if path not in {ROOT / "docs/assumptions.md", ROOT / "CHANGELOG.md"}
    and "decisions" not in path.parts
]
_SAYS_SO: Final = re.compile(
    r"not (been )?(tried|proven) (on Azure|yet)|\*\*\[?Not (tried|proven)", re.IGNORECASE
)


def test_every_assumption_is_whole_and_linked_from_a_page() -> None:
    """A reader must meet it where it matters, with what to do."""
    linked = {
        name
        for path in OTHERS
        for name in re.findall(r"assumptions\.md#([\w-]+)", path.read_text())
    }

    assert linked == assumptions().keys()
    assert assumptions().keys() > PROBES.keys()
    assert {tuple(each) for each in assumptions().values()} == {("belief", "why", "see", "affects")}
    for name, each in assumptions().items():
        assert (name in PROBES) or each["see"].startswith("By hand: "), name
    # Whether somebody has looked is the first question of whoever must trust one.
    rows = table((ROOT / "docs/assumptions.md").read_text(), "assumption")

    assert [row[0] for row in rows] == [f"[{name}](#{name})" for name in assumptions()]
    # What is on a page alone no report tries.
    texts = [path.read_text() for path in OTHERS]
    blocks = [block for text in texts for block in re.split(r"\n\n|\n(?=[-|])", text)]

    saying_so = [block for block in blocks if _SAYS_SO.search(block)]

    assert saying_so
    assert [block for block in saying_so if "assumptions.md" not in block] == []
