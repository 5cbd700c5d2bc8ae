"""Proxies of the tester: each a process of its own that stands as long as the run, and the one that users started."""

from __future__ import annotations

import contextlib
import selectors
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harness.drills.faults.fault import FaultError
from harness.record.children import module

_START_S, _ANSWER_S, _END_S = 20.0, 10.0, 5.0
_MOST_ANSWER = 4096


class ProxyState(msgspec.Struct, frozen=True):
    """What a proxy says of itself: connections that are open, that it took, and that the fault met, and how often."""

    port: int = 0
    fault: str = ""
    open: int = 0
    taken: int = 0
    touched: int = 0
    times: int = 0
    error: str = ""


class Proxies:
    """The proxies of one run: started when they are first needed, ended with it."""

    def __init__(self) -> None:
        self._own: dict[tuple[str, str], OwnProxy] = {}

    def own(self, listen: str, to: str) -> OwnProxy:
        """The proxy between two addresses; the same for every drill, since a balancer would miss it between two."""
        return self._own.setdefault((listen, to), OwnProxy(listen, to))

    def close(self) -> None:
        """End all of them."""
        for proxy in self._own.values():
            proxy.close()
        self._own = {}


@dataclass(slots=True)
class OwnProxy:
    """A proxy that this process started; it ends with this process, also where that is killed."""

    listen: str
    to: str
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    port: int = field(default=0, init=False)

    def start(self) -> None:
        """Start it, unless it runs.

        Raises:
            FaultError: it did not start.
        """
        if self._process is not None and self._process.poll() is None:
            return
        argv, environ = module("harness.drills.proxy", ["--listen", self.listen, "--to", self.to])
        self._process = subprocess.Popen(  # noqa: S603 -- our own module, our own arguments
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ,
            # Ctrl-C is for the tester, which ends it in its turn.
            start_new_session=True,
        )
        try:
            self.port = self._heard(_START_S).port
        except FaultError:
            self.close()
            raise

    def tell(self, order: bytes = b"") -> ProxyState:
        """Give it an order, or only ask.

        Raises:
            FaultError: it does not run, or does not answer.
        """
        if self._process is None or self._process.stdin is None:
            raise FaultError(f"the proxy at {self.listen} was not started")
        with contextlib.suppress(OSError):
            self._process.stdin.write(order + b"\n")
            self._process.stdin.flush()
        return self._heard(_ANSWER_S)

    def close(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _heard(self, seconds: float) -> ProxyState:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline(_MOST_ANSWER) if selector.select(seconds) else b""
        if not line:
            raise FaultError(f"the proxy at {self.listen} has ended, or does not answer within {seconds:g} s")
        return _read(line)


@dataclass(frozen=True, slots=True)
class UsersProxy:
    """A proxy that the user started; it stands before and after the run.

    Attributes:
        control: its socket, seen from ``folder``.
    """

    control: str
    folder: str = ""

    @property
    def path(self) -> str:
        """The whole path of its socket."""
        return str(Path(self.folder, self.control).resolve())

    def start(self) -> None:
        """Ask whether it is there.

        Raises:
            FaultError: it is not.
        """
        self.tell()

    def tell(self, order: bytes = b"") -> ProxyState:
        """Give it an order, or only ask.

        Raises:
            FaultError: it is not there, or does not answer.
        """
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(_ANSWER_S)
                line.connect(self.path)
                line.sendall(order + b"\n")
                return _read(line.makefile("rb").readline(_MOST_ANSWER))
        except OSError as error:
            raise FaultError(f"the proxy that is told at {self.control} cannot be reached: {error}") from None


def _read(line: bytes) -> ProxyState:
    try:
        told = msgspec.json.decode(line, type=ProxyState)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FaultError(f"a proxy answers what is no answer: {error}") from None
    if told.error:
        raise FaultError(f"the proxy {told.error}")
    return told
