"""A hub's word to one paper box: what it is told and asked for, with time that a test moves."""

import secrets
import time
from dataclasses import dataclass, field

from click.testing import CliRunner
from onedoor_hub.cli import main
from onedoor_hub.context import utc_ms
from onedoor_hub.demo.paper import PaperDevice
from onedoor_hub.health import Health
from onedoor_hub.ingest.clock_watch import ClockWatch
from onedoor_hub.ingest.orders import Orders
from onedoor_hub.store import gaps
from sqlalchemy import Engine

from tests.support.centre import Desk, add_box

STEP_S = 3600
STATE_S = 600
LIVED_S = 2 * 3600


class LettingGo(PaperDevice):
    """A paper box whose state tells of entries that it has let go."""

    acked = 0

    def seal(self, channel: str, body: dict) -> tuple[str, bytes]:
        if channel == "state":
            body["acked"] = self.acked
        return super().seal(channel, body)


@dataclass
class Down:
    """``told``: what the box was sent on its own account, as (channel, body)."""

    engine: Engine
    told: list[tuple[str, dict]] = field(default_factory=list)
    session: int = 1

    def __post_init__(self):
        self.desk = Desk(self.engine, utc_ms() + 60_000)
        made = add_box(self.engine)
        self.box = LettingGo(made.centre, made.device, made.key, made.incarnation)
        self.box.start_boot()
        self.health = Health()
        self.steady_s = time.monotonic()
        self.box_ms = 100_000
        self.restart()

    def restart(self) -> None:
        """The hub's process ends and another begins."""
        watch = ClockWatch(self.health)
        self._orders = Orders(
            self.engine,
            self._hear,
            lambda: self.session,
            lambda: self.desk.now_ms,
            watch,
            lambda: self.steady_s,
        )

    def _hear(self, topic: str, payload: bytes) -> None:
        self.told.append((topic.rsplit("/")[-1], self.box.read(topic, payload)))

    @property
    def asked(self) -> list[dict]:
        """The resend commands so far."""
        return [body for channel, body in self.told if channel == "command"]

    @property
    def desired(self) -> list[dict]:
        """The configurations so far."""
        return [body for channel, body in self.told if channel == "desired"]

    def take(self, *messages: tuple[str, bytes], retained: bool = False) -> list:
        """Let the hub's writer take messages; returns its answers."""
        return self.desk.take(*messages, retained=retained)

    def pass_time(self, seconds: float, quick: int = 120) -> None:
        """Let time pass without the box: the hub looks every second at first, then every hour."""
        end_s = self.steady_s + seconds
        while True:
            self._orders.look()
            left_s = end_s - self.steady_s
            if left_s <= 0:
                return
            step_s = min(1 if quick > 0 else STEP_S, left_s)
            quick -= 1
            self.steady_s += step_s
            self.desk.now_ms += int(step_s * 1000)

    def stay(self, seconds: float) -> None:
        """Let time pass in which the box is connected: its state comes every 10 minutes.

        Of a long time the most is only entered as waited, as many states would take long.
        """
        lived_s = min(seconds, LIVED_S)
        if seconds > lived_s:
            with self.engine.begin() as connection:
                streams = [row.stream for row in gaps.lowest_open(connection)]
                gaps.add_waiting(connection, 0, streams, int(seconds - lived_s))
        for at_s in range(0, int(lived_s), STATE_S):
            step_s = min(STATE_S, lived_s - at_s)
            self.box_ms += int(step_s * 1000)
            self.take(self.box.state(self.box_ms))
            self.pass_time(step_s, quick=0 if at_s else 120)

    def wiped(self) -> "LettingGo":
        """The box after its memory was emptied."""
        box = LettingGo(self.box.centre, self.box.device, self.box.key, secrets.token_bytes(8))
        box.start_boot()
        return box

    def command(self, *words: str, status: int = 0) -> str:
        """What ``onedoor device …`` prints, which has to end with ``status``."""
        url = self.engine.url.render_as_string(hide_password=False)
        done = CliRunner().invoke(main, ["device", *words, "--database", url])
        if done.exit_code != status:
            raise AssertionError(f"{words}: status {done.exit_code}: {done.output}")
        return done.output
