"""How often each fault is made: few times in ``make test``, all in ``make test-faults``.

ONEDOOR_FAULTS chooses: ``full``, ``tiny`` (what the seeded bugs are looked for with) or, unset,
the counts in between.
"""

import os

LEVELS = ("tiny", "small", "full")
LEVEL = os.environ.get("ONEDOOR_FAULTS", "small")
if LEVEL not in LEVELS:
    raise ValueError(f"ONEDOOR_FAULTS is {LEVEL!r}; use one of {', '.join(LEVELS)} or leave it out")


def _at(tiny: int, small: int, full: int) -> int:
    return (tiny, small, full)[LEVELS.index(LEVEL)]


# How long to wait for what must come; a seeded bug may keep it from coming.
PATIENCE_S = _at(10, 60, 90)
FULL = LEVEL == "full"
# Three hundred kills of the hub in all, a hundred of brokers, twenty full disks.
KILLS_OF_INGEST = _at(12, 12, 270)
KILLS_ON_POSTGRESQL = _at(0, 4, 20)
KILLS_OF_HUB = _at(0, 1, 10)
RATINGS_MEANWHILE = _at(3_000, 4_000, 100_000)
KILLS_OF_MOSQUITTO = _at(2, 3, 60)
KILLS_OF_AMQTT = _at(1, 2, 40)
CABLE_FAULTS = _at(0, 8, 40)
FULL_DISKS = _at(1, 1, 10)  # of each kind of full
CLOCK_JUMPS = _at(5, 10, 20)
POWER_CUTS_OF_THE_HUB = _at(20, 40, 300)
FORGERIES = _at(600, 2_000, 20_000)
FORGERIES_THROUGH_A_BROKER = _at(0, 60, 400)
FUZZED = _at(1_000, 8_000, 200_000)
