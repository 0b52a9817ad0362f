"""The MQTT side of the hub: the embedded broker, Mosquitto's files, and the hub's own client."""
