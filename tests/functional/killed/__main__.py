"""``python -m tests.functional.killed [TEXT]`` dies at the points whose name has TEXT in it."""

import sys
from collections.abc import Callable
from contextlib import closing

from local.azurite import Azurite
from tests.functional.killed.killing import Killing
from tests.functional.killed.points import all_points
from tests.functional.killed.rig import Rig
from tests.functional.storage_kit import Storage


def main(wanted: str, say: Callable[[str], object]) -> int:
    """Run them and say how each ended; return 1 if something was lost."""
    outcomes = []
    with Azurite() as azurite, closing(Storage(azurite)) as storage, Rig(storage, azurite) as rig:
        killing = Killing(rig)
        for point in all_points(killing):
            if wanted in str(point):
                outcomes.append(killing.run(point))
                say(f"{outcomes[-1]}\n")
    died = sum(outcome.died for outcome in outcomes)
    lost = sum(bool(outcome.faults) for outcome in outcomes)
    say(f"{len(outcomes)} kill points, {died} died at, {lost} lost\n")
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:]), sys.stdout.write))
