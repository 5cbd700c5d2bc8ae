"""Listening, telling the parent where, and ending with it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from harness.reference.http.app import build_app
from harness.reference.http.server import Server
from harness.reference.http.wired import InOnePiece, wired

# An answer that is still being worked on does not keep the process alive longer than this.
END_SECONDS = 0.7


@dataclass(frozen=True, slots=True)
class Where:
    """Where to listen.

    Attributes:
        port, grpc_port: 0 takes a free one; ``grpc_port`` None means no gRPC.
        tls: files of certificate chain and private key of the gRPC side; None for plain text.
    """

    host: str
    port: int
    grpc_port: int | None = None
    tls: tuple[Path, Path] | None = None
    exit_with_stdin: bool = False


class _Listener(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End within :data:`END_SECONDS`, whatever is still being answered."""
        self.end_soon()
        super().handle_exit(sig, frame)

    def end_soon(self) -> None:
        """Stop listening, and leave no later than the deadline."""
        _end_by_deadline()
        self.should_exit = True


def grpc_is_there() -> bool:
    """Whether gRPC and protobuf are installed; imports neither."""
    # `google` is a folder of many packages; to look into one that is not there would raise.
    return all(find_spec(name) is not None for name in ("grpc", "google", "google.protobuf"))


def serve(server: Server, where: Where) -> None:
    """Serve until SIGTERM, SIGINT or (if asked) the end of standard input.

    Prints one line of JSON as soon as connections are accepted: ``url``, ``port``, ``pid`` and ``grpc`` (host and
    port, or null).
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(server, where))


async def _serve(server: Server, where: Where) -> None:
    listener, address = None, None
    if where.grpc_port is not None:
        listener, address = await _grpc(server, where)
    try:
        if server.hooks.settings.http:
            await _http(server, where, address)
        else:
            await _grpc_alone(where, str(address))
    finally:
        if listener is not None:
            await listener.stop(None)


async def _grpc(server: Server, where: Where) -> tuple[Any, str]:
    # Late: --no-grpc does without the library.
    from harness.reference.grpc.listen import Tls, listen  # noqa: PLC0415

    tls = None if where.tls is None else Tls(*(path.read_bytes() for path in where.tls))
    listener, port = await listen(server, where.host, where.grpc_port or 0, tls)
    return listener, f"{_shown(where.host)}:{port}"


async def _http(server: Server, where: Where, grpc: str | None) -> None:
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    listening = socket.create_server((where.host, where.port), family=family, backlog=512)
    # Accepted sockets inherit it. asyncio sets it only on sockets made with the TCP protocol number, which this one is
    # not; where wires are, head and body are two writes, and each answer would wait 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listening.getsockname()[1]
    # asyncio warns once for each write to a connection that its client has closed, which probing does by hundreds.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    config = uvicorn.Config(
        build_app(server),
        http=wired(server.hooks.wires) if server.hooks.wires else InOnePiece,
        log_level="critical",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    listener = _Listener(config)
    if where.exit_with_stdin:
        _watch_stdin(listener.end_soon)
    # The socket already queues connections, so the line may precede the first accept.
    _say(f"http://{_shown(where.host)}:{port}{server.hooks.settings.prefix}", port, grpc)
    await listener.serve(sockets=[listening])


async def _grpc_alone(where: Where, address: str) -> None:
    """Wait for the end, with no HTTP beside."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def end() -> None:
        _end_by_deadline()
        loop.call_soon_threadsafe(ended.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    if where.exit_with_stdin:
        _watch_stdin(end)
    scheme = "grpc" if where.tls is None else "grpcs"
    _say(f"{scheme}://{address}", int(address.rpartition(":")[2]), address)
    await ended.wait()


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _say(url: str, port: int, grpc: str | None) -> None:
    sys.stdout.write(json.dumps({"url": url, "port": port, "pid": os.getpid(), "grpc": grpc}) + "\n")
    sys.stdout.flush()


def _end_by_deadline() -> None:
    timer = threading.Timer(END_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _watch_stdin(end: Callable[[], None]) -> None:
    def watch() -> None:
        # os.read and not sys.stdin: a blocked buffered reader would be in the way of the interpreter's own end.
        while os.read(0, 4096):
            pass
        end()

    threading.Thread(target=watch, daemon=True).start()
