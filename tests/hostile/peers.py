"""Behaviours of connections put where they tell more: only once a model is asked for an inference."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.harness.wire import hostile, hostile_grpc
from tests.harness.wire.grpc_peer import GrpcPeer, reply
from tests.harness.wire.hostile import HostileServer, Peer

from .service import Request, service

Behaviour = Callable[[Peer], None]
Messages = Callable[[str, bytes], bytes]
GOOD = service()


class Behaving(HostileServer):
    """Serves a behaviour of a scenario's own."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__("never-answers")
        self._behaviour = behaviour


class Again(Peer):
    """A connection on which a request was read already."""

    def __init__(self, peer: Peer, request: bytes) -> None:
        super().__init__(peer.connection, peer.stopping)
        self._pending: bytes | None = request

    def request(self) -> bytes:
        """That request first."""
        pending, self._pending = self._pending, None
        return super().request() if pending is None else pending


def at_infer(behaviour: Behaviour | str, good: Callable[[bytes], bytes] = GOOD) -> Behaviour:
    """All is well until an inference is asked for."""
    chosen = hostile._BEHAVIOURS[behaviour] if isinstance(behaviour, str) else behaviour

    def behave(peer: Peer) -> None:
        while not peer.stopping.is_set():
            request = peer.request()
            if Request.read(request).kind == "infer":
                chosen(Again(peer, request))
                return
            peer.send(good(request))

    return behave


def replying(reply: Callable[[bytes], bytes], send: Callable[[Peer, bytes], None] | None = None) -> Behaviour:
    """Answers every request on a connection; ``send`` writes the answer in a way of its own."""

    def behave(peer: Peer) -> None:
        while not peer.stopping.is_set():
            response = reply(peer.request())
            if send is None:
                peer.send(response)
            else:
                send(peer, response)

    return behave


class AgainGrpc(GrpcPeer):
    """A connection on which settings were exchanged and a call was read already."""

    def __init__(self, peer: GrpcPeer, stream: int, body: bytes) -> None:
        super().__init__(peer.connection, peer.stopping)
        self.buffer, self.decoder, self.headers = peer.buffer, peer.decoder, peer.headers
        self._pending: tuple[int, bytes] | None = (stream, body)

    def settings(self, **values: int) -> None:
        """Done before."""

    def call(self) -> tuple[int, bytes]:
        """That call first."""
        pending, self._pending = self._pending, None
        return super().call() if pending is None else pending


def at_model_infer(behaviour: str, messages: Messages) -> AbstractContextManager[str]:
    """The same over gRPC."""
    chosen = hostile_grpc._BEHAVIOURS[behaviour]

    def behave(peer: GrpcPeer) -> None:
        peer.settings()
        while not peer.stopping.is_set():
            stream, body = peer.call()
            method = dict(peer.headers)[":path"].rpartition("/")[2]
            if method == "ModelInfer":
                chosen(AgainGrpc(peer, stream, body))
                return
            peer.send(reply(stream, messages(method, body[5:])))

    return hostile_grpc.HostileGrpc(behave)


def leave(peer: Peer) -> None:
    """Say no more, and read until the client has left."""
    with contextlib.suppress(OSError):
        peer.connection.shutdown(socket.SHUT_WR)
        while peer.connection.recv(65536):
            pass
