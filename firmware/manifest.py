# ruff: noqa: F821  MicroPython's build runs this file with these functions defined
"""What to freeze into MicroPython for a box, instead of the board's own manifest.

In a checkout of MicroPython: make -C ports/rp2 BOARD=RPI_PICO_W FROZEN_MANIFEST=<this file>
The board's own manifest would bring the _boot.py that formats; of its other modules a box needs
none but rp2. The program is frozen too, so that a box whose flash cannot be read still shows its
fault.
"""

module("rp2.py", base_path="$(PORT_DIR)/modules")
for name in ("_boot", "board", "link", "main", "pins"):
    module(name + ".py", base_path="pico")
package("onedoor_device", base_path=".")
package("onedoor_protocol", base_path="../protocol")
package("umqtt", base_path="../.build/umqtt")
