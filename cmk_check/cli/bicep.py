"""Run Bicep, which compiles and evaluates untrusted sources and templates.

Bicep runs without the environment, downloads nothing and has a short time limit. Its output may
quote files that a source loads, so only locations and codes are shown.
"""

import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from cmk_check.errors import NotUsable
from cmk_check.limits import MAX_BICEP_SECONDS, MAX_INPUT_BYTES

INSTALL: Final = "install Bicep with `az bicep install`, or name it in BICEP"
_ENVIRONMENT: Final = os.environ  # noqa: TID251 - of the command line, which settings do not name
# The first version whose output was compared.
_TESTED: Final = (0, 49)
_KEPT: Final = (
    *("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR"),
    "DOTNET_BUNDLE_EXTRACT_BASE_DIR",  # where Bicep unpacks itself
)
_FAULT: Final = re.compile(r"\((\d+,\d+)\) : Error ([\w-]+)")
_KIND: Final = re.compile(r"(?:https://aka\.ms/arm-|Unhandled exception: )([\w.-]*\w)")
_WAYS: Final = dict.fromkeys(("BCP190", "BCP191", "BCP192"), "run `bicep restore` first") | {
    "BCP427": "sources do not see the environment, so give the variable a default, or check the "
    "template with --parameters"
}


def find_bicep() -> str | None:
    """Return the Bicep from BICEP, the path or `az bicep install`, if it is new enough."""
    azure = Path(_ENVIRONMENT.get("AZURE_CONFIG_DIR") or Path("~/.azure").expanduser())
    path = _ENVIRONMENT.get("BICEP")
    names = [path] if path else ["bicep", str(azure / "bin/bicep")]
    return next(filter(None, map(find_usable, names)), None)


@cache
def find_usable(name: str) -> str | None:
    """Return the path of a program if it is a Bicep that is new enough."""
    path = shutil.which(name)
    try:
        output = _run(path, "--version").stdout if path else b""
    except NotUsable:
        return None
    parts = re.search(rb"(\d+)\.(\d+)\.\d+", output)
    return path if parts and (int(parts[1]), int(parts[2])) >= _TESTED else None


def compile_file(file: str) -> bytes:
    """Return the compiled form of a .bicep or .bicepparam, without restoring modules.

    Raises:
        NotUsable: there is no Bicep, or Bicep refuses the file.
    """
    bicep = find_bicep()
    if bicep is None:
        least = ".".join(map(str, _TESTED))
        raise NotUsable(f"this is a source of Bicep, which needs Bicep {least}; {INSTALL}")
    command = "build-params" if file.endswith(".bicepparam") else "build"
    path = str(Path(file).absolute())  # never an option
    done = _run(bicep, command, "--no-restore", "--stdout", path)
    if done.returncode or len(done.stdout) > MAX_INPUT_BYTES:
        faults = _FAULT.findall(done.stderr.decode(errors="replace"))
        places = ", ".join(f"{code} at {place}" for place, code in faults[:3]) or "no reason"
        own = [_WAYS[code] for _, code in faults if code in _WAYS]
        way = own[0] if own else f"`bicep {command}` says more"
        raise NotUsable(f"Bicep cannot compile it ({places}); {way}")
    return done.stdout


def predict(template: str, parameters: str) -> str | None:
    """Return the snapshot of a template with the text of a .bicepparam, or None without Bicep.

    The command restores modules, reads the configuration next to its file, and overwrites a
    snapshot in the same folder. For this reason it gets only compiled JSON, in a temporary folder.

    Raises:
        NotUsable: Bicep fails; the error names the location without Bicep's message, which may
            quote values.

    """
    if (bicep := find_bicep()) is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = {"template.json": template, "main.bicepparam": parameters, "bicepconfig.json": "{}"}
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8")
        snapshot = folder / "main.snapshot.json"
        done = _run(bicep, "snapshot", str(folder / "main.bicepparam"), "--mode", "overwrite")
        if not done.returncode and snapshot.exists() and snapshot.stat().st_size < MAX_INPUT_BYTES:
            return snapshot.read_text(encoding="utf-8")
    output, lines = done.stderr.decode(errors="replace"), parameters.splitlines()
    places = [
        f"{code} at {lines[int(at.partition(',')[0]) - 1].split()[1]}"
        for at, code in _FAULT.findall(output)
    ]
    where = ", ".join((places or _KIND.findall(output))[:3]) or "no reason"
    raise NotUsable(f"Bicep was tried and failed ({where}); `bicep snapshot` says more")


def _run(bicep: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    env = {name: value for name, value in _ENVIRONMENT.items() if name.upper() in _KEPT}
    env |= {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}  # so that Bicep needs no libicu
    env |= {"DOTNET_GCHeapHardLimit": "0x80000000"}  # 2 GiB
    try:
        return subprocess.run(  # noqa: S603 - no shell, and no word that begins with a dash
            [bicep, *words],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=MAX_BICEP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotUsable(f"Bicep takes longer than {MAX_BICEP_SECONDS} s") from None
    except OSError as error:
        raise NotUsable(f"Bicep cannot be started ({error.strerror})") from error
