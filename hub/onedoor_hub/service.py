"""The parts of a running hub, put together: database, writer, broker, client, pages."""

from flask import Flask

from onedoor_hub.app import create_app
from onedoor_hub.broker.accounts import HUB_USER, hub_secret
from onedoor_hub.broker.client import Address, HubClient, parse_address
from onedoor_hub.broker.embedded import EmbeddedBroker
from onedoor_hub.context import Hub, utc_ms
from onedoor_hub.health import Health
from onedoor_hub.ingest.clock_watch import ClockWatch
from onedoor_hub.ingest.orders import Orders
from onedoor_hub.ingest.writer import Writer
from onedoor_hub.live import Live
from onedoor_hub.proof.days import DayCloser
from onedoor_hub.settings import Settings
from onedoor_hub.store.engine import migrate, open_engine, reading

EMBEDDED = "embedded"


def broker_address(settings: Settings) -> Address:
    """Where the hub's client finds its broker. Raises SettingsError for a bad address."""
    secret = hub_secret(settings.folder)
    if settings.broker == EMBEDDED:
        # Listening on every address, it is reached on this machine's own.
        host: str = settings.broker_host
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not to bind
        return Address(host, settings.broker_port, HUB_USER, secret)
    return parse_address(settings.broker, secret)


class Service:
    """Everything of the hub but the web server. Raises OSError or SettingsError on ``start``."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._engine = open_engine(settings.database_url)
        self.live = Live()
        self.health = Health()
        self._address = broker_address(settings)
        self.writer = Writer(self._engine, self._publish, self.live, self.health, utc_ms)
        self._client = HubClient(self._address, self.writer.submit, self.health, utc_ms)
        self._orders = Orders(
            self._engine, self._publish, self._client.session, utc_ms, ClockWatch(self.health)
        )
        self._day_closer = DayCloser(self._engine, utc_ms)
        self._broker: EmbeddedBroker | None = None

    def _publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload)

    def start(self) -> None:
        """Bring the database up to date, then start broker, writer and client."""
        migrate(self._engine)
        if self._settings.broker == EMBEDDED:
            self._broker = EmbeddedBroker(
                self._settings.broker_host,
                self._settings.broker_port,
                self._settings.database_url,
                self._settings.folder,
            )
            self._broker.start()
        self.writer.start()
        self._client.start()
        self._orders.start()
        self._day_closer.start()

    def stop(self) -> None:
        """Stop taking messages, store what was taken, close."""
        self._orders.stop()
        self._client.stop()
        self.writer.stop()
        self._day_closer.stop()
        if self._broker is not None:
            self._broker.stop()
        self._engine.dispose()

    def app(self) -> Flask:
        """The pages of this hub. A fifth of the web threads, two at least, serve no live page."""
        threads: int = self._settings.threads
        streams = threads - max(2, threads // 5)
        return create_app(Hub(reading(self._engine), self.live, self.health), streams)
