"""A flock of boxes on paper with real connections, all on one thread.

Each does what a box does: it keeps an entry until the hub has acknowledged it, forgets it then,
sends a few messages ahead, goes back where acknowledgements stop, gives up a connection on which
nothing comes, and signs in again.
"""

import random
import selectors
import threading
import time
from dataclasses import dataclass

from onedoor_hub.demo.paper import PaperDevice

from tests.support.bird import Bird


@dataclass(frozen=True)
class Manner:
    """How a flock behaves; times in seconds, as patient as its test can be."""

    silence_s: float = 0.3
    keepalive_s: float = 2.0
    pause_s: float = 0.1  # before it connects again, with as much again at random
    sizes: tuple[int, ...] = (1, 32)  # entries in a message, each as likely


class Flock(threading.Thread):
    """Boxes with an address each; ``make`` lets citizens press."""

    def __init__(
        self,
        devices: list[PaperDevice],
        addresses: list[tuple[str, int]],
        seed: int = 1,
        manner: Manner | None = None,
    ):
        super().__init__(name="flock", daemon=True)
        self._chance = random.Random(seed)
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._stopping = False
        manner = manner or Manner()
        self.birds = [
            Bird(device, address, self._selector, self._chance, manner)
            for device, address in zip(devices, addresses, strict=True)
        ]

    def make(self, ratings: int) -> None:
        """Journal so many ratings, spread over the boxes at random."""
        with self._lock:
            for _ in range(ratings):
                self._chance.choice(self.birds).rate(self._chance.randint(1, 4))

    def reboot(self) -> None:
        """Let one box lose its power and come back."""
        with self._lock:
            self._chance.choice(self.birds).reboot()

    def vanish(self, number: int) -> None:
        """Let one box lose its power for a moment without a word on its connection."""
        with self._lock:
            self.birds[number].vanish()

    @property
    def waiting(self) -> int:
        """Entries that were made and are not acknowledged."""
        with self._lock:
            return sum(len(bird.device.entries) - bird.acked for bird in self.birds)

    @property
    def under_way(self) -> int:
        """Messages that were sent and are not answered."""
        with self._lock:
            return sum(bird.under_way for bird in self.birds)

    @property
    def sent_again(self) -> int:
        """Entries that were sent more than once."""
        return sum(bird.sent_again for bird in self.birds)

    def acknowledged(self) -> dict[str, int]:
        """Highest seq that each box was told is safe."""
        with self._lock:
            return {bird.device.device: bird.acked for bird in self.birds}

    def complaints(self) -> list[str]:
        """What the hub told the boxes that it should not have."""
        return [text for bird in self.birds for text in bird.complaints]

    def run(self) -> None:
        """Serve the boxes until ``stop``."""
        while not self._stopping:
            for key, _ in self._selector.select(0.01):
                with self._lock:
                    key.data.ready()
            with self._lock:
                for bird in self.birds:
                    bird.step(time.monotonic())

    def stop(self) -> None:
        """Cut the power of all boxes."""
        self._stopping = True
        self.join()
        for bird in self.birds:
            bird.drop()
        self._selector.close()
