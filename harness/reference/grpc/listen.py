"""The gRPC server on the loop of the process."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

# Before the import: the library's C core would write to standard error.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
import grpc.aio

from harness.reference.grpc.failed import Failed
from harness.reference.grpc.metadata import delimited
from harness.reference.grpc.service import OPS, STREAM, Service
from harness.reference.http.server import Server
from harness.reference.messages import Call

# Above this many bytes a message is worked on outside the event loop, so that health replies are not held up.
LARGE_MESSAGE = 64 * 1024
_CODES = {code.name: code for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate chain and private key, as PEM."""

    certificate: bytes
    key: bytes


def in_layout_of_triton(answer: bytes, words: str) -> list[bytes]:
    """One ModelStreamInferResponse: the words of a refusal (1), or the answer (2)."""
    return [delimited(1, words.encode()) if words else delimited(2, answer)]


class _Router(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Finds the method of a path; bytes in, bytes out, since faults may send what is no message."""

    def __init__(self, server: Server) -> None:
        self._service = Service(server)
        self._hooks = server.hooks
        self._points = server.hooks.grpc
        self._offered = set(self._service.methods())
        self._served: Counter[str] = Counter()

    def service(self, handler_call_details: Any) -> Any:
        """The handler, or None for a method that is not offered (UNIMPLEMENTED)."""
        path: str = handler_call_details.method
        if path in self._points.extra:
            return grpc.unary_unary_rpc_method_handler(self._fixed(self._points.extra[path]))
        service, _, name = path.removeprefix("/").rpartition("/")
        if service != self._points.service or name not in self._offered:
            return None
        if name == STREAM:
            return grpc.stream_stream_rpc_method_handler(self._streaming)
        return grpc.unary_unary_rpc_method_handler(self._serving(name))

    def _fixed(self, reply: bytes) -> Callable[[bytes, Any], Awaitable[bytes]]:
        async def serve(_: bytes, __: Any) -> bytes:
            return reply

        return serve

    def _serving(self, name: str) -> Callable[[bytes, Any], Awaitable[bytes]]:
        async def serve(body: bytes, context: Any) -> bytes:
            call, own = self._call(name, context), self._points.trailers
            if own:
                context.set_trailing_metadata(tuple(own.items()))
            try:
                return await self._answer(name, call, body)
            except Failed as error:
                failed = error
            except Exception as error:  # noqa: BLE001 - whatever a fault breaks is a status, not a traceback
                failed = Failed("INTERNAL", f"unexpected: {type(error).__name__}")
            await context.abort(_CODES[failed.code], failed.details, tuple({**own, **failed.trailers}.items()))
            return b""

        return serve

    async def _streaming(self, bodies: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        """One answer to each request of a stream; a refusal is an answer as well, and the stream goes on."""
        for wrap in self._points.streams:
            bodies = wrap(bodies)
        async for body in bodies:
            answer, words = b"", ""
            try:
                answer = await self._answer(STREAM, self._call(STREAM, context), body)
            except Failed as error:
                words = error.details
            except Exception as error:  # noqa: BLE001 - as above
                words = f"unexpected: {type(error).__name__}"
            try:
                messages = (self._points.streamed or in_layout_of_triton)(answer, words)
            except Failed as error:
                await context.abort(_CODES[error.code], error.details)
            for each in messages:
                yield each

    def _call(self, name: str, context: Any) -> Call:
        call = Call(OPS[name], "POST", f"/{self._points.service}/{name}", verb_fits=True)
        call.headers = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        call.connection = context.peer()
        self._served[context.peer()] += 1
        call.number_on_connection = self._served[context.peer()]
        return call

    async def _answer(self, name: str, call: Call, body: bytes) -> bytes:
        for wait in (*self._hooks.before, *self._points.before):
            await wait(call)
        if len(body) > LARGE_MESSAGE:
            return await asyncio.to_thread(self._service.answer, name, call, body)
        return self._service.answer(name, call, body)


async def listen(server: Server, host: str, port: int, tls: Tls | None = None) -> tuple[grpc.aio.Server, int]:
    """A running gRPC server and its port; ``port`` 0 takes a free one.

    Raises:
        RuntimeError: the port is taken.
    """
    options = [
        ("grpc.max_receive_message_length", server.hooks.settings.max_body),
        ("grpc.max_send_message_length", -1),
        # Two servers on one port would share its connections.
        ("grpc.so_reuseport", 0),
    ]
    listener = grpc.aio.server(handlers=(_Router(server),), options=options)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if tls is None:
        bound = listener.add_insecure_port(address)
    else:
        bound = listener.add_secure_port(address, grpc.ssl_server_credentials([(tls.key, tls.certificate)]))
    await listener.start()
    return listener, bound
