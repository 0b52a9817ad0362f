"""The hub: ingest, store, scores and pages."""

from importlib.metadata import version

__version__ = version("onedoor")
