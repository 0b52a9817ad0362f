"""Citizens at the counters: they press the boxes' buttons at a visible pace."""

import random
import threading

from onedoor_hub.bench import BenchBox
from onedoor_hub.bench_pins import NAMES
from onedoor_hub.demo import people

# A box takes no press for 1.5 s after a rating; citizens at one counter come further apart.
PAUSE_S = (2.5, 9.0)
_OF_VALUE = {4 - place: name for place, name in enumerate(NAMES[4])}


class Citizens:
    """One queue of citizens at each counter; counts presses and the thanks they got."""

    def __init__(self, boxes: dict[int, BenchBox], seed: int):
        self._boxes = boxes
        self._seed = seed
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self.presses = 0
        self.thanked = 0

    def start(self) -> None:
        """Open the doors."""
        for counter, box in self._boxes.items():
            thread = threading.Thread(target=self._queue, args=(counter, box), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Close the doors; citizens who are pressing finish."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _queue(self, counter: int, box: BenchBox) -> None:
        who = random.Random(f"{self._seed} live {counter}")
        of = people.counter(counter)
        while not self._stop.wait(who.uniform(*PAUSE_S)):
            box.press(_OF_VALUE[people.opinion(who, of)])
            thanked = box.wait_for_light()
            with self._lock:
                self.presses += 1
                self.thanked += thanked
