"""What people and programs see of the hub over HTTP. Reads the store, never writes it."""
