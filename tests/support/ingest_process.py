"""The hub's ingest without its pages, for tests.support.lives: client, writer, database.

Arguments: database URL, broker's host, port, user and password. Fates: ``statement N``, ``commit
N`` and ``answer N`` end it by SIGKILL just before its Nth SQL statement, commit or answer.
"""

import os
import signal
import time

from onedoor_hub.broker.client import Address, HubClient
from onedoor_hub.context import utc_ms
from onedoor_hub.health import Health
from onedoor_hub.ingest.writer import Writer
from onedoor_hub.live import Live
from onedoor_hub.store.engine import open_engine
from sqlalchemy import event


class _Fate:
    """Ends this process at the Nth of something."""

    def __init__(self, text: str):
        self._what, _, number = text.partition(" ")
        self._left = int(number or 0)

    def meet(self, what: str) -> None:
        if what == self._what:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def live(arguments, text, ready) -> None:
    """Run until killed; ready when it is subscribed."""
    url, host, port, user, password = arguments
    fate = _Fate(text)
    engine, health = open_engine(url), Health()
    event.listen(engine, "before_cursor_execute", lambda *_: fate.meet("statement"))
    event.listen(engine, "commit", lambda *_: fate.meet("commit"))

    def answer(topic, payload):
        fate.meet("answer")
        client.publish(topic, payload)

    writer = Writer(engine, answer, Live(), health, utc_ms)
    client = HubClient(Address(host, int(port), user, password), writer.submit, health, utc_ms)
    writer.start()
    client.start()
    while health.troubles():
        time.sleep(0.005)
    ready()
    while True:
        time.sleep(60)
