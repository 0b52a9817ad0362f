"""Figures beside their baselines, measured in the same run: ``make bench``.

Usage: run.py [--small] [BENCH...]   with no names all of them; --small: tiny, only to see it run
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import box, ingest, live  # noqa: E402
from tests.bench.table import show  # noqa: E402

# name: (bench, its counts with --small)
BENCHES = {
    "presses": (box.presses, {"count": 5}),
    "live": (live.slow, {"seconds": 2, "commits": 20}),
    "live-fast": (live.fast, {"seconds": 0.5, "commits": 20}),
    "messages": (ingest.single_messages, {"count": 400, "boxes": 4}),
    "catch-up-one": (ingest.catch_up_one, {"entries": 640}),
    "catch-up-many": (ingest.catch_up_many, {"entries": 640, "boxes": 4}),
    "wear": (box.wear, {"count": 50}),
}


def run(names, small: bool) -> list:
    """The rows of the named benches; says on stderr what it is at."""
    rows = []
    for name in names:
        bench, counts = BENCHES[name]
        start_s = time.monotonic()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        rows += bench(**counts if small else {})
        print(f"{time.monotonic() - start_s:.0f} s", file=sys.stderr)
    return rows


def main() -> None:
    """Run the benches named on the command line and print one table."""
    parser = argparse.ArgumentParser(description="OneDoor's figures beside their baselines")
    parser.add_argument("names", nargs="*", metavar="BENCH", help=", ".join(BENCHES))
    parser.add_argument("--small", action="store_true", help="tiny counts: no figure is true")
    chosen = parser.parse_args()
    for name in chosen.names:
        if name not in BENCHES:
            parser.error(f"no bench {name!r}: choose from {', '.join(BENCHES)}")
    print(show(run(chosen.names or BENCHES, chosen.small)))


if __name__ == "__main__":
    main()
