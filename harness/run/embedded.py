"""The reference server as a child process: on a free port, and always stopped."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from types import TracebackType

from harness.cluster.reference import command, surroundings

START_SECONDS = 60.0
STOP_SECONDS = 5.0
STARTING = ("--port", "0", "--exit-with-stdin")
# Served where nobody names a model: a classifier, a rule with two versions, texts. All 25 would take ten minutes.
SHOWN_MODELS = ("--models", "digits,pair,echo-bytes")


class EmbeddedError(Exception):
    """The reference server did not start; the message carries its own words."""


class EmbeddedServer:
    """``python -m harness.reference`` for as long as the context lasts.

    The child watches its standard input and ends when that closes, so it also dies with a parent that was killed.
    """

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self._arguments = list(arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.grpc: str | None = None

    def __enter__(self) -> EmbeddedServer:
        """Start the child and wait until it listens.

        Raises:
            EmbeddedError: it ended, or said nothing in time.
        """
        self._process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
            command(*STARTING, *self._arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=surroundings()
        )
        assert self._process.stdout is not None
        try:
            self.url, self.grpc = addresses(self._process.stdout.fileno())
        except EmbeddedError:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Process id of the running child."""
        return self._process.pid if self._process else None

    def stop(self) -> None:
        """End the child: ask, then terminate, then kill; returns when it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        for end in (None, process.terminate, process.kill):
            if end is not None:
                end()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            return


def addresses(descriptor: int) -> tuple[str, str | None]:
    """URL and gRPC address from the one line that a server prints as soon as it listens.

    Raises:
        EmbeddedError: it ended, or said nothing in time.
    """
    try:
        line = json.loads(_line(descriptor))
        return str(line["url"]), line.get("grpc")
    except (ValueError, KeyError) as error:
        raise EmbeddedError(
            "the reference server did not start; it needs the extra: pip install 'art15[reference]'"
        ) from error


def _line(descriptor: int) -> bytes:
    data, end = b"", time.monotonic() + START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while not data.endswith(b"\n") and selector.select(max(0.0, end - time.monotonic())):
            more = os.read(descriptor, 4096)
            if not more:
                break
            data += more
    return data
