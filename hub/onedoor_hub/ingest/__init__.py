"""From an MQTT message to a committed entry: check, store, acknowledge."""
