"""Make the bill of materials of the package: CycloneDX, the same bytes for the same sources.

``make sbom`` runs it. CycloneDX's generator reads the lock, which has hashes, and the environment
that is installed from it, which has licences and what depends on what. Neither knows the files that
the page carries.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "cmk_check/web/dashboard"
_CHART: Final = "uplot"
_APP: Final = "root-component"
_COPIED: Final = "licenses", "description"

type Json = dict[str, Any]


def main() -> int:
    """Write the bill; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("generator", type=Path, help="the Python that has cyclonedx_py")
    parser.add_argument("installed", type=Path, help="the Python that has the deployed packages")
    parser.add_argument("bill", type=Path, help="the file to write")
    given = parser.parse_args()
    bill = _generated(given.generator, "requirements", "requirements.txt")
    installed = _generated(given.generator, "environment", str(given.installed))
    described = {_key(each): each for each in installed["components"]}
    if (locked := {_key(each) for each in bill["components"]}) != described.keys():
        differ = ", ".join(sorted(locked ^ described.keys()))
        print(f"Only locked, or only installed: {differ}; `make clean` removes what is installed.")
        return 1
    refs = {each["bom-ref"]: each["purl"] for each in installed["components"]}
    for each in bill["components"]:
        found = described[_key(each)]
        each["bom-ref"] = each["purl"]
        each.update((name, found[name]) for name in _COPIED if name in found)
    chart = _chart()
    graph = _graph(installed["dependencies"], refs)
    next(each for each in graph if each["ref"] == _APP)["dependsOn"].append(chart["purl"])
    bill["dependencies"] = [*graph, {"ref": chart["purl"]}]
    bill["components"] = [*sorted(bill["components"], key=_key), chart, *_files(PAGE)]
    given.bill.parent.mkdir(parents=True, exist_ok=True)
    given.bill.write_text(json.dumps(bill, indent=2) + "\n")
    print(given.bill)
    return 0


def _generated(python: Path, kind: str, of: str) -> Json:
    command = [str(python), "-W", "ignore", "-m", "cyclonedx_py", kind, of]
    run = subprocess.run(
        [*command, "--pyproject", "pyproject.toml", "--output-reproducible"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    bill: Json = json.loads(run.stdout)
    return bill


def _key(component: Json) -> str:
    """Return the name of a package as the index has it, with its version."""
    name, version = component["name"], component["version"]
    return f"{re.sub(r'[-_.]+', '-', name).lower()}@{version}"


def _graph(found: list[Json], refs: Mapping[str, str]) -> list[Json]:
    renamed = (
        {
            "ref": refs.get(each["ref"], each["ref"]),
            "dependsOn": sorted(refs[one] for one in each.get("dependsOn", ())),
        }
        for each in found
    )
    return sorted(renamed, key=lambda each: str(each["ref"]))


def _chart() -> Json:
    """Return the chart library that the page carries; a test compares it with the package."""
    version = json.loads((ROOT / "package.json").read_text())["devDependencies"][_CHART]
    purl = f"pkg:npm/{_CHART}@{version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": _CHART,
        "version": version,
        "purl": purl,
        "licenses": [{"license": {"id": "MIT", "acknowledgement": "declared"}}],
        "components": list(_files(PAGE / "vendor")),
    }


def _files(folder: Path) -> Iterator[Json]:
    for path in sorted(folder.iterdir()):
        if path.is_file():
            name = path.relative_to(ROOT).as_posix()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            hashes = [{"alg": "SHA-256", "content": digest}]
            yield {"type": "file", "bom-ref": name, "name": name, "hashes": hashes}


if __name__ == "__main__":
    sys.exit(main())
