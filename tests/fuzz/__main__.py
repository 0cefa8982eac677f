"""Cases of all kinds in turn until the time is over: `PYTHONPATH=tests python -m fuzz --minutes 20 --seed 0`."""

import argparse
import sys
import time
from collections import Counter

from .harness import KINDS, Fuzz


def main() -> int:
    """Run cases, and print counts and faults."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=KINDS, nargs="*", default=list(KINDS))
    parser.add_argument("--case", type=int, help="only this one, with all that it says")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    options = parser.parse_args()
    start, counts, faults = time.monotonic(), Counter(), 0
    longest, largest = Counter(), Counter()
    with Fuzz(options.seed) as fuzz:
        number = options.first if options.case is None else options.case
        while options.case == number or (options.case is None and time.monotonic() - start < 60 * options.minutes):
            for kind in options.kind:
                outcome = fuzz.run(kind, number)
                counts[kind, outcome.status] += 1
                longest[kind] = max(longest[kind], outcome.seconds)
                largest[kind] = max(largest[kind], outcome.megabytes)
                if outcome.fault:
                    faults += 1
                    print(f"--seed {options.seed} --kind {kind} --case {number}: {outcome.fault}", flush=True)
            number += 1
    print(f"{sum(counts.values())} cases in {(time.monotonic() - start) / 60:.1f} minutes, {faults} faults")
    for kind in options.kind:
        by_status = {status: n for (k, status), n in sorted(counts.items()) if k == kind}
        of = ", ".join(f"{n} with exit status {status}" for status, n in by_status.items())
        print(f"  {kind}: {of}; at most {longest[kind]:.1f} s of processor time, {largest[kind]:.0f} MB more")
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
