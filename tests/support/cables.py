"""Cables between boxes and their broker that lose, delay and cut what goes through them.

Over network namespaces the broker's side has a network of its own, and each cable is a pair of
TUN devices between which this process carries the IP packets: the kernel's own TCP meets the
faults. Where that cannot be made (no root, no /dev/net/tun), ``tests.support.proxied`` is used.
"""

import contextlib
import fcntl
import heapq
import itertools
import os
import random
import selectors
import shutil
import struct
import subprocess
import threading
import time
from dataclasses import dataclass

_TUNSETIFF = 0x400454CA
_TUN_WITHOUT_HEADER = 0x1001
_UP, _DOWN = 0, 1


@dataclass
class Cable:
    """What one cable does to packets now, and how many it has lost, held and passed."""

    loss: float = 0.0
    delay_s: float = 0.0
    cut: bool = False
    deaf: bool = False  # what the broker sends is lost
    lost: int = 0
    held: int = 0
    passed: int = 0

    def heal(self) -> None:
        """Be a good cable again."""
        self.loss, self.delay_s, self.cut, self.deaf = 0.0, 0.0, False, False


def namespaces_work() -> bool:
    """True where this process may make network namespaces and TUN devices."""
    name = f"onedoor-try-{os.getpid()}"
    if os.geteuid() != 0 or not shutil.which("ip") or not os.access("/dev/net/tun", os.R_OK):
        return False
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return made.returncode == 0


class Namespaced:
    """``count`` cables from here into a namespace, where the broker and the hub run."""

    def __init__(self, count: int, seed: int = 1):
        self.cables = [Cable() for _ in range(count)]
        self.namespace = f"onedoor-{os.getpid()}"
        self.before = ("ip", "netns", "exec", self.namespace)
        self.listen = "0.0.0.0"
        self._net = 128 + os.getpid() % 64
        self._chance = random.Random(seed)
        self._selector = selectors.DefaultSelector()
        self._late: list[tuple] = []
        self._order = itertools.count()
        self._stopping = False
        subprocess.run(["ip", "netns", "add", self.namespace], check=True)
        self._tuns = [self._join(number, cable) for number, cable in enumerate(self.cables)]
        self._ip("netns exec", f"{self.namespace} ip link set lo up")
        self._thread = threading.Thread(target=self._run, name="cables", daemon=True)

    def _ip(self, what: str, words: str) -> None:
        subprocess.run(["ip", *what.split(), *words.split()], check=True)

    def _tun(self, name: str) -> int:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TUN_WITHOUT_HEADER))
        return device

    def _join(self, number: int, cable: Cable) -> tuple[int, int]:
        near, far = f"od{os.getpid() % 10**7}n{number}", f"od{os.getpid() % 10**7}f{number}"
        ends = self._tun(near), self._tun(far)
        self._ip("link", f"set {far} netns {self.namespace}")
        for one, prefix, last in ((near, "", 1), (far, f"netns exec {self.namespace} ip", 2)):
            other = 3 - last
            here, there = f"10.{self._net}.{number}.{last}", f"10.{self._net}.{number}.{other}"
            self._ip(prefix, f"address add {here} peer {there} dev {one}")
            self._ip(prefix, f"link set {one} up")
        for way, (source, target) in enumerate((ends, ends[::-1])):
            self._selector.register(source, selectors.EVENT_READ, (cable, way, target))
        return ends

    def address(self, number: int, port: int) -> tuple[str, int]:
        """Where a box on a cable finds the broker's ``port``."""
        return f"10.{self._net}.{number}.2", port

    def start(self) -> None:
        """Begin to carry packets."""
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping:
            wait_s = max(0.0, self._late[0][0] - time.monotonic()) if self._late else 0.05
            for key, _ in self._selector.select(min(wait_s, 0.05)):
                self._take(key.fd, *key.data)
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, target, packet = heapq.heappop(self._late)
                self._put(target, packet)

    def _take(self, source: int, cable: Cable, way: int, target: int) -> None:
        try:
            packet = os.read(source, 65536)
        except BlockingIOError:
            return
        if cable.cut or (cable.deaf and way == _DOWN) or self._chance.random() < cable.loss:
            cable.lost += 1
        elif cable.delay_s:
            cable.held += 1
            due_s = time.monotonic() + cable.delay_s
            heapq.heappush(self._late, (due_s, next(self._order), target, packet))
        else:
            cable.passed += 1
            self._put(target, packet)

    def _put(self, target: int, packet: bytes) -> None:
        with contextlib.suppress(OSError):  # a full queue loses packets, as networks do
            os.write(target, packet)

    def close(self) -> None:
        """Take the cables and the namespace away; what runs in it has ended."""
        self._stopping = True
        self._thread.join()
        for ends in self._tuns:
            for end in ends:
                os.close(end)
        self._ip("netns", f"del {self.namespace}")
