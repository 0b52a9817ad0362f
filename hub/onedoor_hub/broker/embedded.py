"""The embedded broker: amqtt on a thread of its own, letting in this hub's devices only."""

import asyncio
import contextlib
import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.errors import BrokerError, MQTTError
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from sqlalchemy.exc import SQLAlchemyError

from onedoor_hub.broker import accounts
from onedoor_hub.store.engine import open_engine, reading

START_S = 10
STOP_S = 5

# amqtt tells of every packet at INFO.
logging.getLogger("amqtt").setLevel(logging.CRITICAL)
logging.getLogger("transitions").setLevel(logging.ERROR)


@dataclass
class DoorConfig:
    """What the two plugins are told."""

    database_url: str
    folder: str


class Door(BaseAuthPlugin):
    """Admits a device by the password derived from its key, and the hub by its secret."""

    Config = DoorConfig  # pyright: ignore[reportAssignmentType]

    def __init__(self, context):
        super().__init__(context)
        self._engine = reading(open_engine(self.config.database_url))
        self._secret = accounts.hub_secret(Path(self.config.folder))

    async def authenticate(self, *, session):
        """True where user and password belong together, the client id is the user's own, and the
        will is for a topic that the user may write."""
        user = session.username
        if session.client_id != user and user != accounts.TAIL_USER:
            return False
        if session.will_flag and not accounts.may(user or "", session.will_topic or "", write=True):
            return False
        try:
            return accounts.admits(self._engine, self._secret, user, session.password)
        except SQLAlchemyError:
            return False  # the device tries again; the hub shows what the database lacks

    async def on_broker_post_shutdown(self):
        """Let the database go."""
        self._engine.dispose()


class Topics(BaseTopicPlugin):
    """Keeps each device to its own topics."""

    Config = DoorConfig  # pyright: ignore[reportAssignmentType]

    async def topic_filtering(self, *, session=None, topic=None, action=None):
        """True where the session's user may do this on the topic."""
        user = (session.username if session else None) or ""
        return accounts.may(user, topic or "", write=action == Action.PUBLISH)


class _Broker(Broker):
    """amqtt that asks who is there before it touches the session of that client id, and keeps
    retained messages from those who did not subscribe to them.

    amqtt 0.12 first drops or hands over the session, so that anybody could put a device off, or
    give its session another user's name, without a password. Every session is a clean one
    (CON-004).
    """

    def __init__(self, config, loop):
        super().__init__(config, loop=loop)
        self._writers: set[asyncio.StreamWriter] = set()

    async def stream_connected(self, reader, writer, listener_name):
        """Serve a connection and surely close it."""
        self._writers.add(writer)
        try:
            await super().stream_connected(reader, writer, listener_name)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def close(self) -> None:
        """Shut down. With messages under way amqtt may wait for ever for its clients to go, so
        their connections are cut first."""
        for writer in self._writers:
            writer.transport.abort()
        while self._writers:
            await asyncio.sleep(0.01)
        await self.shutdown()

    async def _initialize_client_session(self, reader, writer, remote_address, remote_port):
        try:
            handler, session = await BrokerProtocolHandler.init_from_connect(
                reader, writer, self.plugins_manager
            )
        except Exception as error:  # anything but a CONNECT; not every kind of it is caught above
            await writer.close()
            raise MQTTError(str(error)) from None
        if not await self._authenticate(session, self.listeners_config["default"]):
            await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
            await writer.close()
            raise MQTTError("not admitted")
        await self._end_session(session.client_id or "")
        session.clean_session, session.parent = True, 0
        return handler, session

    async def _publish_retained_messages_for_subscription(self, subscription, session) -> None:
        """Only for a subscription of the session's own: amqtt 0.12 also sends each new connection
        whatever retained messages the subscriptions of all others match."""
        if any(one is session for one, _ in self._subscriptions.get(subscription[0], ())):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def _end_session(self, client_id: str) -> None:
        """Close the connection that has this client id now; its will goes out before the new
        connection's birth, not at some time-out after it."""
        old, handler = self._sessions.get(client_id, (None, None))
        if old is None:
            return
        if handler is not None and old.transitions.is_connected():
            await handler.handle_connection_closed()
            with contextlib.suppress(asyncio.TimeoutError):
                async with asyncio.timeout(1):
                    while old.transitions.is_connected():
                        await asyncio.sleep(0.01)
        await self._delete_session(client_id)


class EmbeddedBroker:
    """An MQTT 3.1.1 broker in this process. ``start`` raises OSError where it cannot listen."""

    def __init__(self, host: str, port: int, database_url: str, folder: Path):
        door = {"database_url": database_url, "folder": str(folder)}
        self._where = f"{host}:{port}"  # amqtt cannot listen on an IPv6 address in brackets
        self._config = {
            "listeners": {"default": {"type": "tcp", "bind": self._where}},
            "plugins": {
                f"{__name__}.{Door.__name__}": door,
                f"{__name__}.{Topics.__name__}": door,
            },
        }
        self._loop = asyncio.new_event_loop()
        self._broker: _Broker | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="broker", daemon=True)

    def start(self) -> None:
        """Start listening; returns when connections are taken."""
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(START_S)
        except BrokerError as error:
            self._end_loop()
            reason = error.__cause__ or error
            raise OSError(f"embedded broker: cannot listen on {self._where}: {reason}") from None
        except BaseException:
            self._end_loop()
            raise

    async def _open(self) -> None:
        broker = _Broker(self._config, self._loop)
        await broker.start()
        self._broker = broker

    def stop(self) -> None:
        """Close every connection and end the thread."""
        if self._broker is not None:
            closing = asyncio.run_coroutine_threadsafe(self._broker.close(), self._loop)
            with contextlib.suppress(TimeoutError):
                closing.result(STOP_S)
            self._broker = None
        self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_S)
        if not self._thread.is_alive():
            self._loop.close()
