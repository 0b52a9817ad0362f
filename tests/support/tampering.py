"""Ways to tamper with a hub's database, and the words in which ``onedoor verify`` names each.

Each is a statement made from the row of a stream, and texts that must be among the lines; ``{box}``
stands for the stream's device and incarnation, a box at counter 3 with 13 entries on two days.
"""

from onedoor_hub.store import schema
from sqlalchemy import delete, insert, literal, select, update

ENTRY, STREAM = schema.entry, schema.stream


def entry(stream, seq):
    """Where an entry of a stream is."""
    return (ENTRY.c.stream == stream.id) & (ENTRY.c.seq == seq)


def copied(stream, like, seq):
    """An INSERT of an entry like an existing one."""
    columns = [column if column.name != "seq" else literal(seq) for column in ENTRY.columns]
    return insert(ENTRY).from_select(
        list(ENTRY.columns), select(*columns).where(entry(stream, like))
    )


TAMPERINGS = {
    "edited answer": (
        lambda s: update(ENTRY).where(entry(s, 3)).values(a=0x44),
        ["{box}: entry 3 does not follow from entry 2 by the chain", "tally of", "its tree is not"],
    ),
    "edited time since boot": (
        lambda s: update(ENTRY).where(entry(s, 3)).values(t_ms=7),
        ["{box}: entry 3 does not follow from entry 2 by the chain"],
    ),
    "edited hour": (
        lambda s: update(ENTRY).where(entry(s, 3)).values(utc_ms=ENTRY.c.utc_ms + 3_600_000),
        ["tally of hour", "its tree is not"],
    ),
    "edited answer to none that exists": (
        lambda s: update(ENTRY).where(entry(s, 3)).values(a=300),
        ["{box}: entry 3 does not follow", "hold a rating 300, which is none"],
    ),
    "edited boot": (
        lambda s: update(ENTRY).where(entry(s, 3)).values(boot=9),
        ["{box}: entry 4 is of boot 1, after one of boot 9"],
    ),
    "edited boot of all that follows the boot entry": (
        lambda s: update(ENTRY).where(ENTRY.c.stream == s.id, ENTRY.c.seq > 1).values(boot=2),
        ["{box}: entry 2 is of boot 2, but no boot entry begins it after entry 1"],
    ),
    "edited day of receipt": (
        lambda s: (
            update(ENTRY)
            .where(entry(s, 3))
            .values(received_ms=ENTRY.c.received_ms + 3 * 24 * 3_600_000)
        ),
        ["root no. 1 of vientiane: 1 of its entries were received on another day than 2026-11-19"],
    ),
    "edited boot of a boot entry": (
        lambda s: update(ENTRY).where(entry(s, 1)).values(boot=0),
        ["{box}: entry 1 says boot 1, not 0"],
    ),
    "changed chain value": (
        lambda s: update(ENTRY).where(entry(s, 5)).values(chain=bytes(16)),
        ["{box}: entry 5 does not follow from entry 4", "entry 6 does not follow from entry 5"],
    ),
    "deleted entry": (
        lambda s: delete(ENTRY).where(entry(s, 4)),
        [
            "{box}: received is 13, recounted 12",
            "{box}: contiguous_seq is 13, recounted 3",
            "gaps is [], recounted [[4, 4]]",
            "tally of",
            "root no. 1 of vientiane: size is 30, recounted 29",
        ],
    ),
    "deleted last entry": (
        lambda s: delete(ENTRY).where(entry(s, 13)),
        ["{box}: highest_seq is 13, recounted 12", "root no. 2 of vientiane: size is 26"],
    ),
    "inserted entry": (
        lambda s: copied(s, 13, 14),
        ["{box}: entry 14 does not follow", "{box}: received is 13, recounted 14", "tally of"],
    ),
    "inserted entry past a gap": (
        lambda s: copied(s, 13, 99),
        ["{box}: highest_seq is 13, recounted 99", "{box}: received is 13, recounted 14"],
    ),
    "entry moved to a centre that is not there": (
        lambda s: update(ENTRY).where(entry(s, 13)).values(centre=77),
        ["entries belong to no stream of their centre", "centre no. 77, which is not there"],
    ),
    "swapped counter": (
        lambda s: update(ENTRY).where(entry(s, 3)).values(counter=4),
        ["vientiane counter 3: tally of hour", "vientiane counter 4: tally of day", "its tree is"],
    ),
    "counter taken away": (
        lambda s: update(ENTRY).where(entry(s, 3)).values(counter=None),
        ["vientiane counter 3: tally of day"],
    ),
    "changed hourly tally": (
        lambda s: (
            update(schema.tally_hour)
            .where(schema.tally_hour.c.counter == 3, schema.tally_hour.c.value == 4)
            .values(n=schema.tally_hour.c.n + 1)
        ),
        ["vientiane counter 3: tally of hour", "rating 4 of 4: 3, recounted 2"],
    ),
    "changed daily tally": (
        lambda s: (
            update(schema.tally_day)
            .where(schema.tally_day.c.counter == 2, schema.tally_day.c.value == 1)
            .values(n=0)
        ),
        ["vientiane counter 2: tally of day", "rating 1 of 4: 0, recounted 2"],
    ),
    "ratings of unknown time made up": (
        lambda s: insert(schema.tally_day).values(
            centre=s.centre, counter=8, day=0, scale=4, value=4, n=12
        ),
        ["vientiane counter 8: tally of day 0, rating 4 of 4: 12, recounted 0"],
    ),
    "changed newest rating": (
        lambda s: (
            update(schema.counter).where(schema.counter.c.number == 3).values(last_rating_ms=5)
        ),
        ["vientiane counter 3: last_rating_ms is 5, recounted "],
    ),
    "stream said to be further": (
        lambda s: (
            update(STREAM)
            .where(STREAM.c.id == s.id)
            .values(contiguous_seq=15, highest_seq=15, received=15)
        ),
        ["{box}: received is 15, recounted 13", "{box}: contiguous_seq is 15, recounted 13"],
    ),
    "changed head of the chain": (
        lambda s: update(STREAM).where(STREAM.c.id == s.id).values(contiguous_chain=bytes(16)),
        ["{box}: contiguous_chain is not the chain value of entry 13"],
    ),
    "stream given to another incarnation": (
        lambda s: update(STREAM).where(STREAM.c.id == s.id).values(incarnation="0" * 16),
        ["entry 1 does not follow from entry 0 by the chain", "its tree is not"],
    ),
    "wrong root": (
        lambda s: update(schema.day_root).where(schema.day_root.c.no == 1).values(root=bytes(32)),
        [
            "root no. 1 of vientiane: it does not follow from its head, its tree and the root",
            "root no. 2 of vientiane: it does not follow from its head, its tree and the root",
        ],
    ),
    "wrong tree": (
        lambda s: update(schema.day_root).where(schema.day_root.c.no == 2).values(tree=bytes(32)),
        ["root no. 2 of vientiane: its tree is not that of the entries it covers"],
    ),
    "root of another day": (
        lambda s: (
            update(schema.day_root)
            .where(schema.day_root.c.no == 2)
            .values(day=schema.day_root.c.day + 1)
        ),
        ["root no. 2 of vientiane: it does not follow from its head"],
    ),
    "entry left out of its root": (
        lambda s: (
            update(schema.day_range)
            .where(schema.day_range.c.stream == s.id, schema.day_range.c.no == 1)
            .values(last_seq=schema.day_range.c.last_seq - 1)
        ),
        ["root no. 1 of vientiane: size is 30, recounted 29"],
    ),
    "gap made up": (
        lambda s: insert(schema.gap).values(
            centre=s.centre,
            stream=s.id,
            found_first=4,
            found_last=5,
            first=4,
            last=5,
            state="missing",
            found_ms=0,
        ),
        ["{box}: gaps is [[4, 5]], recounted []", "gaps is [[4, 5]], recounted []"],
    ),
    "ratings given to a boot of unknown time": (
        lambda s: insert(schema.boot_span).values(
            centre=s.centre, stream=s.id, boot=1, ratings=3, last_t_ms=9
        ),
        ["{box}: (ratings, newest ms) of unknown time in boot 1 is (3, 9), recounted None"],
    ),
}
