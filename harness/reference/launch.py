"""Listening, telling the parent where, and ending with it."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

# An answer that is still being worked on does not keep the process alive longer than this.
END_SECONDS = 0.7


class _Listener(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End within :data:`END_SECONDS`, whatever is still being answered."""
        self.end_soon()
        super().handle_exit(sig, frame)

    def end_soon(self) -> None:
        """Stop listening, and leave no later than the deadline."""
        timer = threading.Timer(END_SECONDS, os._exit, (0,))
        timer.daemon = True
        timer.start()
        self.should_exit = True


def serve(app: ASGIApp, host: str, port: int, *, path: str = "", exit_with_stdin: bool = False) -> None:
    """Serve until SIGTERM, SIGINT or (if asked) the end of standard input.

    Prints one line of JSON as soon as connections are accepted: ``url``, ``port`` and ``pid``.
    """
    listening = socket.create_server((host, port), backlog=512)
    # Accepted sockets inherit it. asyncio sets it only on sockets made with the TCP protocol number, which this one is
    # not; head and body are two writes, so without it each answer waits 40 ms for a delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    listener = _Listener(config)
    if exit_with_stdin:
        threading.Thread(target=_watch_stdin, args=(listener,), daemon=True).start()
    # The socket already queues connections, so the line may precede the first accept.
    line = {"url": f"http://{host}:{port}{path}", "port": port, "pid": os.getpid()}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    listener.run(sockets=[listening])


def _watch_stdin(listener: _Listener) -> None:
    # os.read and not sys.stdin: a blocked buffered reader would be in the way of the interpreter's own end.
    while os.read(0, 4096):
        pass
    listener.end_soon()
