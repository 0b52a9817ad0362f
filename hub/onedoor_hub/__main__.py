"""``python -m onedoor_hub`` is the ``onedoor`` command."""

from onedoor_hub.cli import main

main(prog_name="onedoor")
