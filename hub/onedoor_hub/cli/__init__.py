"""The ``onedoor`` command."""

from onedoor_hub.cli.main import main

__all__ = ["main"]
