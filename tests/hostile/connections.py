"""REST: the transport is the hostile part, for every request or from the first inference on."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.endtoend.mortal import Mortal
from tests.harness.wire.hostile import GOOD, HEAD, HostileServer, Peer

from .peers import GOOD as WELL
from .peers import at_infer, leave, replying
from .scenario import Scenario, behaving
from .service import answer, said

EVERY = (
    "never-answers",
    "never-reads",
    "closes-at-once",
    "drip-header",
    "drip-1xx",
    "endless-headers",
    "endless-1xx",
    "endless-length",
    "garbage",
    "http-0.9",
    "http-2",
    "switching-protocols",
    "response-before-request",
    "two-responses",
    "reset-at-9",
)
FROM_INFERENCE = (
    "never-answers",
    "closes-at-once",
    "drip-headers",
    "drip-body",
    "drip-chunks",
    "endless-header",
    "endless-chunked",
    "endless-tiny-chunks",
    "endless-chunk-extension",
    "endless-trailers",
    "endless-until-close",
    "length-too-long",
    "length-too-long-held",
    "length-too-short",
    "length-negative",
    "length-twice",
    "length-and-chunked",
    "chunk-size-invalid",
    "chunk-size-huge",
    "chunk-footer-wrong",
    "status-not-a-number",
    "header-huge",
    "header-null",
    "no-content-with-body",
    "reset-at-0",
    "reset-at-60",
    f"close-at-{len(GOOD) - 1}",
)


def _slowly(seconds: float) -> Callable[[Peer, bytes], None]:
    def send(peer: Peer, response: bytes) -> None:
        peer.stopping.wait(seconds)
        peer.send(response)

    return send


def _byte_by_byte(peer: Peer, response: bytes) -> None:
    for at in range(len(response)):
        peer.send(response[at : at + 1])


def _after_many_interim(peer: Peer, response: bytes) -> None:
    peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 50 + response)


def _in_tiny_chunks(peer: Peer, response: bytes) -> None:
    body = response.partition(b"\r\n\r\n")[2]
    chunks = b"".join(b"1;x=y\r\n" + body[at : at + 1] + b"\r\n" for at in range(len(body)))
    trailers = b"0\r\n" + b"X-Trailer: t\r\n" * 50 + b"\r\n"
    peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + trailers)


def _smuggles(peer: Peer, response: bytes) -> None:
    peer.send(response + said(answer(id="of somebody else")))


def _closes_after(peer: Peer, response: bytes) -> None:
    peer.send(response)
    leave(peer)
    raise ConnectionError


def _only_probes_wait(peer: Peer) -> None:
    """Right requests are answered at once; what is not right is kept waiting."""
    while not peer.stopping.is_set():
        request = peer.request()
        response = WELL(request)
        if not response.startswith(b"HTTP/1.1 200") or b"x" * 100 in request:
            peer.stopping.wait()
        peer.send(response)


class Ending(HostileServer):
    """All is well for so many requests; then nobody listens any more, or (``silent``) nobody answers any more."""

    def __init__(self, after: int, *, silent: bool = False) -> None:
        super().__init__("never-answers")
        seen = itertools.count(1)

        def behave(peer: Peer) -> None:
            while not peer.stopping.is_set():
                request = peer.request()
                if next(seen) <= after:
                    peer.send(WELL(request))
                elif silent:
                    peer.stopping.wait()
                else:
                    self._listener.shutdown(socket.SHUT_RDWR)
                    return

        self._behaviour = behave


@contextmanager
def _reference(act: Callable[[Mortal], None], after: float) -> Iterator[str]:
    """The embedded server, to which something happens after a while."""
    with Mortal(("--models", "pair")) as server:
        timer = threading.Timer(after, act, [server])
        timer.start()
        try:
            yield server.url
        finally:
            timer.cancel()
            timer.join()


def _stops(server: Mortal) -> None:
    os.kill(server._process.pid, signal.SIGSTOP)


SCENARIOS: dict[str, Scenario] = {
    **{
        f"{name}-always": Scenario(lambda name=name: HostileServer(name), ("--oip-model", "m"), mute=True)  # type: ignore[misc]
        for name in EVERY
    },
    **{f"{name}-at-inference": behaving(at_infer(name)) for name in FROM_INFERENCE},
    "slow-1-s": behaving(replying(WELL, _slowly(1.0))),
    "slow-9-s": behaving(replying(WELL, _slowly(9.0)), mute=True),
    "byte-by-byte": behaving(replying(WELL, _byte_by_byte)),
    "interim-answers-first": behaving(replying(WELL, _after_many_interim)),
    "tiny-chunks-and-trailers": behaving(replying(WELL, _in_tiny_chunks)),
    "an-answer-too-many": behaving(replying(WELL, _smuggles)),
    "closes-after-each": behaving(replying(WELL, _closes_after)),
    "only-probes-wait": behaving(_only_probes_wait),
    "ends-after-1": Scenario(lambda: Ending(1), mute=True),
    "ends-after-40": Scenario(lambda: Ending(40)),
    "silent-after-3": Scenario(lambda: Ending(3, silent=True), mute=True),
    "silent-after-40": Scenario(lambda: Ending(40, silent=True)),
    "killed": Scenario(lambda: _reference(Mortal.kill, 6.0), mute=True),
    "stopped": Scenario(lambda: _reference(_stops, 6.0), mute=True),
}
