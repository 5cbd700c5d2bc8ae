"""A reference server that can be killed, started again at the same ports, stopped and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
RESTART_SECONDS = 0.1


class Mortal:
    """``python -m harness.reference`` at fixed ports; ``supervised`` starts it again whenever it has ended.

    Attributes:
        deaths: how often it has ended while it was supervised.
    """

    def __init__(self, arguments: Sequence[str] = (), *, supervised: bool = False) -> None:
        self.rest, self.rpc = free_ports(2)
        self._arguments, self._supervised = list(arguments), supervised
        self._leaving = threading.Event()
        self.deaths = 0

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Of the REST side."""
        return f"http://127.0.0.1:{self.rest}"

    @property
    def grpc(self) -> str:
        """Of the gRPC side."""
        return f"127.0.0.1:{self.rpc}"

    def __enter__(self) -> Mortal:
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        if self._supervised:
            self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        if self._supervised:
            self._keeper.join(30)
        self._bury()

    def _bury(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "harness.reference", "--port", str(self.rest), "--grpc-port", str(self.rpc)]
        process = subprocess.Popen(
            [*command, "--exit-with-stdin", *self._arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["port"] == self.rest
        return process

    def _keep(self) -> None:
        while not self._leaving.wait(0.01):
            if self._process.poll() is not None:
                self.deaths += 1
                self._bury()
                time.sleep(RESTART_SECONDS)
                self._process = self._start()

    def kill(self) -> None:
        """As the kernel does to what takes too much memory."""
        self._process.kill()

    def pause(self, seconds: float) -> None:
        """Stop it for a while: connections are taken, and nothing is answered."""
        os.kill(self._process.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self._process.pid, signal.SIGCONT)


def after_requests(folder: Path, number: int, act: Callable[[], None], over: threading.Event) -> threading.Thread:
    """``act()`` as soon as the journal in ``folder`` holds so many exchanges; a moment that is no matter of time."""

    def watch() -> None:
        journal, seen, rest = folder / "journal.jsonl", 0, b""
        while not journal.exists() and not over.wait(0.01):
            pass
        with journal.open("rb") as file:
            while seen < number and not over.is_set():
                data = rest + file.read()
                lines, _, rest = data.rpartition(b"\n")
                seen += lines.count(b'"kind":"exchange"')
                over.wait(0.002)
        if not over.is_set():
            act()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread
