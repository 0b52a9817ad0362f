"""The hub's embedded broker in a process of its own, for tests.support.lives.

Arguments: port, database URL, folder of the hub's secret.
"""

import time
from pathlib import Path

from onedoor_hub.broker.embedded import EmbeddedBroker


def live(arguments, _fate, ready) -> None:
    """Run until killed; ready when it listens."""
    port, url, folder = arguments
    EmbeddedBroker("127.0.0.1", int(port), url, Path(folder)).start()
    ready()
    while True:
        time.sleep(60)
