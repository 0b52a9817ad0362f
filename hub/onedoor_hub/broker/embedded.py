"""The embedded broker: amqtt on a thread of its own, letting in this hub's devices only."""

import asyncio
import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin

from onedoor_hub.broker import accounts
from onedoor_hub.store.engine import open_engine, reading

# amqtt tells of every packet at INFO.
logging.getLogger("amqtt").setLevel(logging.ERROR)
logging.getLogger("transitions").setLevel(logging.ERROR)


@dataclass
class DoorConfig:
    """What the two plugins are told."""

    database_url: str
    folder: str


class Door(BaseAuthPlugin):
    """Admits a device by the password derived from its key, and the hub by its secret."""

    Config = DoorConfig

    def __init__(self, context):
        super().__init__(context)
        self._engine = reading(open_engine(self.config.database_url))
        self._secret = accounts.hub_secret(Path(self.config.folder))

    async def authenticate(self, *, session):
        """True where user name and password belong together and the client id is the user's."""
        passwords = accounts.device_passwords(self._engine)
        passwords[accounts.HUB_USER] = self._secret
        return accounts.admitted(passwords, session.username, session.password)


class Topics(BaseTopicPlugin):
    """Keeps each device to its own topics."""

    Config = DoorConfig

    async def topic_filtering(self, *, session=None, topic=None, action=None):
        """True where the session's user may do this on the topic."""
        user = (session.username if session else None) or ""
        return accounts.may(user, topic or "", write=action == Action.PUBLISH)


class EmbeddedBroker:
    """An MQTT 3.1.1 broker in this process. ``start`` raises OSError where the port is taken."""

    def __init__(self, host: str, port: int, database_url: str, folder: Path):
        door = {"database_url": database_url, "folder": str(folder)}
        self._config = {
            "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
            "plugins": {
                f"{__name__}.{Door.__name__}": door,
                f"{__name__}.{Topics.__name__}": door,
            },
        }
        self._loop = asyncio.new_event_loop()
        self._broker: Broker | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="broker", daemon=True)

    def start(self) -> None:
        """Start listening; returns when connections are taken."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(30)

    async def _open(self) -> None:
        self._broker = Broker(self._config, loop=self._loop)
        await self._broker.start()

    def stop(self) -> None:
        """Close every connection and end the thread."""
        if self._broker is not None:
            asyncio.run_coroutine_threadsafe(self._broker.shutdown(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
