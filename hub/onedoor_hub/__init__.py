"""The hub: ingest, store, scores and pages."""
