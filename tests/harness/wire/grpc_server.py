"""A server of Google's own library, as the independent oracle: what it says is known, and what its client heard, too.

The method of a call says what is done; messages are bytes.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from harness.wire.rpc import SERVICE

NO_LIMITS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
DETAILS = "größe 5 % of €: \"a/b\" 'c' ~ 100%41 \\ \t é \N{GRINNING FACE}\nsecond line"
CODES = {code.value[0]: code for code in grpc.StatusCode}


def _echo(request: bytes, context: Any) -> bytes:
    return request


def _metadata(request: bytes, context: Any) -> bytes:
    pairs = [[key, value] for key, value in context.invocation_metadata() if isinstance(value, str)]
    return json.dumps({"pairs": pairs, "remaining": context.time_remaining(), "peer": context.peer()}).encode()


def _trailing(request: bytes, context: Any) -> bytes:
    context.send_initial_metadata((("x-first", "1"), ("x-first-bin", b"\x00\xff")))
    context.set_trailing_metadata((("x-last", "a"), ("x-last", "b"), ("x-last-bin", b"\xfe\x01")))
    return b"t"


def _details_and_trailing(request: bytes, context: Any) -> bytes:
    context.set_trailing_metadata((("x-reason", "because"),))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, DETAILS)
    return b""


def _ok_with_details(request: bytes, context: Any) -> bytes:
    context.set_details("all is well")
    return b"ok"


def _raises(request: bytes, context: Any) -> bytes:
    raise RuntimeError("a bug in the model")


def _slow(request: bytes, context: Any) -> bytes:
    time.sleep(0.3)
    return request


def _size(request: bytes, context: Any) -> bytes:
    return b"z" * int(request)


METHODS: dict[str, Callable[[bytes, Any], bytes]] = {
    "Echo": _echo,
    "Metadata": _metadata,
    "Trailing": _trailing,
    "DetailsAndTrailing": _details_and_trailing,
    "OkWithDetails": _ok_with_details,
    "Raises": _raises,
    "Slow": _slow,
    "Size": _size,
}


def _coded(number: int) -> Callable[[bytes, Any], bytes]:
    def behave(request: bytes, context: Any) -> bytes:
        context.abort(CODES[number], request.decode())
        return b""

    return behave


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    def service(self, handler_call_details: Any) -> Any:
        name = handler_call_details.method.removeprefix(f"/{SERVICE}/")
        coded = re.fullmatch(r"Code(\d+)", name)
        found = _coded(int(coded.group(1))) if coded else METHODS.get(name)
        return grpc.unary_unary_rpc_method_handler(found) if found else None


@contextmanager
def grpc_server(
    address: str = "127.0.0.1:0", *, credentials: Any = None, options: Sequence[tuple[str, Any]] = NO_LIMITS
) -> Iterator[tuple[int, Any]]:
    """A running server: its port and itself."""
    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool, handlers=(_Handler(),), options=options)
        port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
        server.start()
        try:
            yield port, server
        finally:
            server.stop(None).wait(5)


def heard(port: int, method: str, message: bytes) -> tuple[int, str, bytes | None, list[tuple[str, str | bytes]]]:
    """What the library's own client heard: code, details, message, and trailing metadata."""
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=NO_LIMITS) as channel:
        call = channel.unary_unary(f"/{SERVICE}/{method}")
        try:
            answer, done = call.with_call(message, timeout=10)
        except grpc.RpcError as error:
            answer, done = None, error
        trailing = [(pair.key, pair.value) for pair in done.trailing_metadata() or ()]
        return done.code().value[0], done.details(), answer, trailing
