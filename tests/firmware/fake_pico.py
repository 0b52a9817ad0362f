"""A Pico on a serial port, as far as mpremote sees one: MicroPython's raw REPL over a pty.

What mpremote sends is run by the real MicroPython on a littlefs of a Pico's size in a file.
"""

import os
import pty
import subprocess
import threading
import tty
from pathlib import Path

# Runs each program it is given and answers with output, 0x04, errors, 0x04, as a raw REPL does.
RUNNER = r"""
import io, os, sys

class Flash:
    def __init__(self):
        self.file = open("flash.img", "r+b")
    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.readinto(buffer)
    def writeblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.write(buffer)
    def ioctl(self, request, argument):
        if request == 3:
            self.file.flush()
        return {4: 212, 5: 4096}.get(request, 0)

flash = Flash()
new = sys.argv[1] == "new"
if new:
    os.VfsLfs2.mkfs(flash, progsize=256)
os.umount("/")
os.mount(os.VfsLfs2(flash), "/")
os.chdir("/")
if new:
    os.mkdir("state")
    for name, text in (("state/hot", "entries"), ("main.py", "an older program")):
        with open(name, "w") as file:
            file.write(text)
while True:
    size = int(sys.stdin.readline() or 0)
    if not size:
        break
    program = sys.stdin.read(size)
    error = ""
    try:
        exec(program, globals())
    except Exception as raised:
        said = io.StringIO()
        sys.print_exception(raised, said)
        error = said.getvalue()
    print("\x04" + error + "\x04", end="")
"""


class FakePico:
    """``port`` is the serial port, ``image`` the flash.

    It has a program and a journal, or what is in the image ``flashed`` before.
    ``programs`` is what mpremote had run; ``restarts`` how often it restarted the board.
    """

    def __init__(self, micropython: Path, folder: Path, flashed: Path | None = None) -> None:
        self.restarts = 0
        self.programs: list[str] = []
        folder.mkdir()
        self.image = folder / "flash.img"
        self.image.write_bytes(flashed.read_bytes() if flashed else bytes(848 * 1024))
        runner = folder / "runner.py"
        runner.write_text(RUNNER)
        self._process = subprocess.Popen(
            [str(micropython), str(runner), "flashed" if flashed else "new"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        self.port = os.ttyname(self._theirs)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        for descriptor in (self._theirs, self._ours):
            os.close(descriptor)

    def _serve(self) -> None:
        text = b""
        try:
            while True:
                byte = os.read(self._ours, 1)
                if byte == b"\x01":  # Ctrl-A: raw REPL
                    text = b""
                    os.write(self._ours, b"raw REPL; CTRL-B to exit\r\n>")
                elif byte == b"\x02":  # Ctrl-B: friendly REPL
                    text = b""
                    os.write(self._ours, b"MicroPython\r\n>>> ")
                elif byte == b"\x03":  # Ctrl-C
                    text = b""
                elif byte == b"\x04":  # Ctrl-D: run, or soft reset where nothing was typed
                    self._run(text.decode())
                    text = b""
                else:
                    text += byte
                    if text == b"\x05A":  # a raw paste is wanted, which not every board offers
                        os.read(self._ours, 1)
                        os.write(self._ours, b"R\x00")
                        text = b""
        except OSError:
            return

    def _run(self, program: str) -> None:
        if not program:
            os.write(self._ours, b"OK\r\nMPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>")
            return
        self.programs.append(program)
        if "machine.reset()" in program:
            self.restarts += 1
            os.write(self._ours, b"OK\x04\x04>")
            return
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the interpreter has no pipes")
        stdin.write(f"{len(program)}\n{program}".encode())
        os.write(self._ours, b"OK")
        ends = 0
        while ends < 2:
            byte = stdout.read(1)
            ends += byte == b"\x04"
            os.write(self._ours, byte)
        os.write(self._ours, b">")
