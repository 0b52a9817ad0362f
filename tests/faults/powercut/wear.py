"""Count what a rating costs the flash, beside a plain append and flush.

Usage: micropython wear.py PROTOCOL_DIR FIRMWARE_DIR COUNT

Prints one line of JSON: for "plain", "online" (each rating acknowledged when the next is made) and
"offline" (none acknowledged) the erases and programs a rating, and the erases of the hottest block.
"""

import json
import sys

sys.path[:0] = [sys.argv[1], sys.argv[2], __file__.rsplit("/", 1)[0]]

import vfs  # noqa: E402
from flash import Flash  # noqa: E402
from onedoor_protocol import chain  # noqa: E402
from script import mount, open_journal  # noqa: E402


def plain(flash, count):
    """12 bytes more in one open file, flushed each time."""
    mount(flash)
    with open("/flash/plain", "ab") as file:
        for _ in range(count):
            file.write(bytes(12))
            file.flush()


def online(flash, count):
    """The hub answers."""
    journal = open_journal(flash, True)
    for number in range(count):
        seq = journal.append(chain.KIND_RATING, number * 1000, 0x44, 0)
        journal.acknowledge(seq - 1)
        journal.tidy()


def offline(flash, count):
    """The hub does not."""
    journal = open_journal(flash, True)
    for number in range(count):
        journal.append(chain.KIND_RATING, number * 1000, 0x44, 0)
        journal.tidy()


def cost(work, count):
    """The figures of one way to write ``count`` ratings to an empty 848 KiB flash."""
    flash = Flash(212)
    vfs.VfsLfs2.mkfs(flash, progsize=256)
    work(flash, count)
    return {
        "erases": flash.erases / count,
        "programs": flash.programs / count,
        "hottest": max(flash.wear),
    }


ratings = int(sys.argv[3])
ways = {"plain": plain, "online": online, "offline": offline}
print(json.dumps({name: cost(ways[name], ratings) for name in ways}))
