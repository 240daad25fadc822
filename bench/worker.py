"""Runs one measurement in its own process, and writes its result as a line of JSON.

``first``   a first scan into empty tables, the floor, and the same transactions without the app
``steady``  second scans of an unchanged estate, each with its own floor
``installed`` hourly scans as the app is installed, each with floors of the same requests
``command`` ``cmk-check scan`` as a process, with floors that are processes, too
``estate``  a first and a second scan of any size: requests and peak memory
``status``  GET status
``findings`` a page of 1,000 findings
``searches`` GET status while findings are searched
``polling`` fifty clients that poll a running host
``page``    the page in a browser
``cold``    heavy packages that indexing the functions loads
``profile`` processor time of a second scan, by package
"""

import asyncio
import cProfile
import json
import os
import pstats
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench import processes

_ROUNDS: Final = 7
_HEAVY: Final = (
    "azure.mgmt",
    "azure.identity",
    "azure.data",
    "azure.storage",
    "aiohttp",
    "fastapi",
)


async def first() -> dict[str, Any]:
    """Compare a first scan with its floor and with its transactions without the app."""
    from bench.bare_clients import read_all, write_all
    from bench.scanning import scanning

    async with scanning() as bench:
        floor = min([(await read_all())[0] for _ in range(3)])
        scan = await bench.scan(keep_commits=True)
    commits = scan.counts.commits or []
    bare = await write_all(os.environ[processes.BARE_STORAGE], commits)
    return {
        "floor": floor,
        "bare": bare,
        "scan": scan.seconds,
        "cpu": scan.cpu,
        "transactions": len(commits),
        "findings": scan.accounts,
    }


async def steady() -> dict[str, Any]:
    """Compare second scans with floors, in turn; the first of each is a warm-up."""
    from bench.bare_clients import read_all
    from bench.scanning import scanning

    rounds = []
    async with scanning() as bench:
        await bench.scan()
        await read_all()
        for _ in range(_ROUNDS):
            floor, floor_cpu, _ = await read_all()
            scan = await bench.scan()
            rounds.append(
                {"floor": floor, "floorCpu": floor_cpu, "scan": scan.seconds, "scanCpu": scan.cpu}
            )
    return {"rounds": rounds}


async def installed() -> dict[str, Any]:
    """Compare hourly scans with the same requests, and with those for accounts alone."""
    from bench.recorded_requests import recorded, send_all
    from bench.scanning import scanning

    rounds, requests, accounts = [], Counter[str](), 0
    async with scanning() as bench:
        await bench.scan()
        for _ in range(_ROUNDS):
            with recorded(keep=True) as sent:
                scan = await bench.scan()
            requests += sent.kinds
            accounts = scan.accounts
            same, of_accounts = await send_all(sent.requests), await send_all(sent.of_accounts)
            rounds.append({"scan": scan.seconds, "same": same, "accounts": of_accounts})
    per_scan = {kind: count / _ROUNDS for kind, count in requests.most_common()}
    return {"rounds": rounds, "requests": per_scan, "accounts": accounts}


async def command() -> dict[str, Any]:
    """Compare whole processes: the command, and plain clients that send what it sends."""
    from bench.recorded_requests import recorded, save
    from bench.scanning import scanning

    async with scanning() as bench:
        with recorded(keep=True) as sent:
            await bench.scan()
    with TemporaryDirectory() as folder:
        same, of_accounts = Path(folder, "same.json"), Path(folder, "accounts.json")
        save(sent.requests, same)
        save(sent.of_accounts, of_accounts)
        plain = [sys.executable, "-m", "bench.recorded_requests"]
        runs = {
            "scan": [sys.executable, "-m", "cmk_check", "scan"],
            "same": [*plain, str(same)],
            "accounts": [*plain, str(of_accounts)],
        }
        rounds = [{name: _seconds(run) for name, run in runs.items()} for _ in range(_ROUNDS)]
    return {"rounds": rounds}


def _seconds(command: list[str]) -> float:
    """Run a command, which may end with 1 as it found violations; return how long it took."""
    began = time.perf_counter()
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode not in {0, 1}:
        raise RuntimeError(f"{command} ended with {ended.returncode}: {ended.stderr}")
    return time.perf_counter() - began


async def estate() -> dict[str, Any]:
    """Count the requests of a first and a second scan, and measure the peak memory."""
    from bench.recorded_requests import recorded
    from bench.scanning import scanning

    scans = []
    async with scanning() as bench:
        for _ in range(2):
            with recorded() as sent:
                scan = await bench.scan()
            counts = scan.counts.plain() | {"arm": sent.kinds.total()}
            scans.append({"seconds": scan.seconds, "counts": counts})
    return {
        "scans": scans,
        # In KiB on Linux.
        "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


async def status() -> dict[str, Any]:
    """Compare GET status with its floor."""
    from bench.status import compare_status

    return await compare_status()


async def findings() -> dict[str, Any]:
    """Compare a page of findings with its floor."""
    from bench.listing import compare_findings

    return await compare_findings()


async def searches() -> dict[str, Any]:
    """Compare GET status beside searches with that alone."""
    from bench.searching import compare_searches

    return await compare_searches()


async def polling() -> dict[str, Any]:
    """Poll the running host."""
    from bench.polling import poll

    return await poll()


async def page() -> dict[str, Any]:
    """Compare the page with its floors; in a thread, because Playwright needs its own loop."""
    from bench.page import compare_page

    return await asyncio.to_thread(compare_page)


async def cold() -> dict[str, Any]:
    """Return the heavy packages that are loaded after the functions are indexed."""
    import function_app

    prefixes = tuple(f"{name}." for name in _HEAVY)
    loaded = sorted(name for name in sys.modules if f"{name}.".startswith(prefixes))
    return {"loaded": loaded, "indexed": function_app.__name__}


async def profile() -> dict[str, Any]:
    """Sum the processor time of a second scan by package."""
    from bench.scanning import scanning

    async with scanning() as bench:
        await bench.scan()
        with cProfile.Profile() as profiler:
            await bench.scan()
    return {"seconds": by_package(pstats.Stats(profiler))}


def by_package(stats: pstats.Stats) -> dict[str, float]:
    """Sum the own time of each package, the largest first."""
    sums: Counter[str] = Counter()
    # The standard library's stub lacks this attribute.
    for (file, _, function), entry in stats.stats.items():  # type: ignore[attr-defined]
        sums[_package(file, function)] += entry[2]
    return {name: round(seconds, 3) for name, seconds in sums.most_common(15)}


def _package(file: str, function: str) -> str:
    path = Path(file)
    for anchor in ("site-packages", "cmk_check"):
        if anchor in path.parts:
            parts = path.parts[path.parts.index(anchor) :]
            first_part = 1 if anchor == "site-packages" else 0
            return "/".join(parts[first_part : first_part + 3]).removesuffix(".py")
    if file == "~":
        return "waiting" if "poll" in function else f"built in: {function[:40]}"
    return f"python: {path.stem}"


def main() -> None:
    """Run the measurement that the first argument names."""
    calls = (
        first,
        steady,
        installed,
        command,
        estate,
        status,
        findings,
        searches,
        polling,
        page,
        cold,
        profile,
    )
    measurements = {call.__name__: call for call in calls}
    found = asyncio.run(measurements[sys.argv[1]]())
    sys.stdout.write(f"{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
