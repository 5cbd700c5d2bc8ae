"""A gRPC server that answers each call by a function of the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.wire import protobuf
from tests.harness.wire.grpc_peer import GrpcPeer, head, reply
from tests.harness.wire.hostile_grpc import HostileGrpc

Answers = Callable[[str, bytes], bytes | int]
"""Method and message -> the message of the answer, or the code of a refusal."""


def message(method: str, **members: Any) -> bytes:
    """A serialised response."""
    made = type(protobuf.message(method, "Response"))(**members)
    return bytes(made.SerializeToString())


class Scripted(HostileGrpc):
    """Answers every call on every connection; ``calls`` holds methods and messages."""

    def __init__(self, answers: Answers) -> None:
        self.calls: list[tuple[str, bytes]] = []

        def behave(peer: GrpcPeer) -> None:
            peer.settings()
            while not peer.stopping.is_set():
                stream, body = peer.call()
                method = dict(peer.headers)[":path"].rpartition("/")[2]
                self.calls.append((method, body[5:]))
                answer = answers(method, body[5:])
                if isinstance(answer, bytes):
                    peer.send(reply(stream, answer))
                else:
                    done = [("grpc-status", str(answer)), ("grpc-message", "these are my words")]
                    peer.send(head(stream, [(":status", "200"), ("content-type", "application/grpc"), *done], end=True))

        super().__init__(behave)
