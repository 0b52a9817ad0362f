"""Proof to outsiders: daily Merkle roots, bundles that prove, and the audit that needs neither
database nor trust in the hub."""
