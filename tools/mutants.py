"""Breaks the program in one place at a time and runs the tests of that place, by mutmut.

Arguments are packages of cmk_check; without any, all are broken that pyproject.toml names. If the
environment has SAMPLE, so many mutants are drawn at random; the seed is printed, and SEED repeats
the draw.
"""

import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import get_mutant_name

MUTMUT: Final = Path(sys.executable).with_name("mutmut")
NOTICED: Final = ("killed", "timeout", "caught by type check")


def names(packages: list[str]) -> list[str]:
    """Return the names of all mutants of these packages, always in the same order."""
    return sorted(
        get_mutant_name(path, mutant)
        for path in walk_mutatable_files()
        if not packages or path.parts[1].removesuffix(".py") in packages
        for mutant in mutate_file_contents(str(path), path.read_text()).mutant_names
    )


def show(chosen: Collection[str]) -> None:
    """Print which of the mutants chosen no test noticed, and the share noticed of each package."""
    shares: dict[str, Counter[bool]] = defaultdict(Counter)
    for path in walk_mutatable_files():
        mutants = SourceFileMutationData(path=path)
        mutants.load()
        for name, ended in mutants.exit_code_by_key.items():
            if ended is not None and any(fnmatchcase(name, pattern) for pattern in chosen):
                status = status_by_exit_code[ended]
                shares[path.parts[1]][status in NOTICED] += 1
                if status not in NOTICED:
                    print(f"{status}: {name}")
    for package, counts in shares.items():
        share = counts[True] / counts.total()
        print(f"{package}: {counts[True]} of {counts.total()} noticed, {share:.1%}")


def main(packages: list[str]) -> int:
    """Run the mutants; return what mutmut returns, which is not 0 if they cannot be run."""
    count = int(os.environ.get("SAMPLE") or 0)
    chosen = [f"cmk_check.{package}.*" for package in packages]
    if count:
        everything = names(packages)
        seed = int(os.environ.get("SEED") or random.randrange(1_000_000))
        chosen = random.Random(seed).sample(everything, min(count, len(everything)))
        print(f"{len(chosen)} of {len(everything)} mutants, drawn with SEED={seed}", flush=True)
    run = [str(MUTMUT), "run", "--max-children", "2", *chosen]
    ended = subprocess.run(run, check=False).returncode
    if not ended:
        show(chosen or ["*"])
    return ended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
