"""``python -m tests.functional.killed [TEXT]`` dies at the points whose name has TEXT in it."""

import sys
from collections.abc import Callable

from local.azurite import Azurite
from tests.functional.killed.killing import Killing
from tests.functional.killed.points import all_points
from tests.functional.killed.report import report
from tests.functional.killed.rig import Rig
from tests.functional.storage_kit import Storage


def main(wanted: str, say: Callable[[str], object]) -> int:
    """Run them and report; return 1 if something was lost."""
    outcomes = []
    with Azurite() as azurite:
        storage = Storage(azurite)
        with Rig(storage, azurite) as rig:
            killing = Killing(rig)
            for point in all_points(killing):
                if wanted in str(point):
                    say(f"{point}\n")
                    outcomes.append(killing.run(point))
        storage.close()
    say("\n".join(["", *report(outcomes), ""]))
    return int(any(outcome.faults for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:]), sys.stdout.write))
