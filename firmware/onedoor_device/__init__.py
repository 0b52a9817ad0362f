"""The portable device core: no pins, no network, no clock."""
