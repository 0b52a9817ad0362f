"""Makes vectors, schemas, AsyncAPI document and SPEC.md tables for ``protocol/generate.py``."""
