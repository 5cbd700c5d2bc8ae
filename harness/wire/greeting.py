"""What a port speaks, told from its greeting: TLS, HTTP/2 or HTTP/1.1. For advice about an address; no exchange."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from harness.wire.access import Access
from harness.wire.connection import ConnectionSettings, open_stream
from harness.wire.sockets import Backend, Call, WireError
from harness.wire.tls import unverifying

SECONDS = 2.0
# The preface of a client and an empty SETTINGS frame (RFC 9113, section 3.4).
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"
# The type of a SETTINGS frame, the first that a server sends.
_SETTINGS = 4


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a port was heard to speak; all False where nothing could be made of it."""

    tls: bool = False
    http2: bool = False
    http1: bool = False


def greeting(access: Access) -> Greeting:
    """Open a few connections to the address, and hear what each gets; behind a proxy nobody can tell."""
    if access.proxy is not None:
        return Greeting()
    begun = _first_bytes(access, PREFACE)
    http2, http1 = len(begun) > 3 and begun[3] == _SETTINGS, begun.startswith(b"HTTP/1")
    if http2 or http1:
        return Greeting(http2=http2, http1=http1)
    if _first_bytes(access, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1"):
        # Many TLS ports answer a plain request with a page that says so.
        tls = _takes_tls(access)
        return Greeting(tls=tls, http1=not tls)
    return Greeting(tls=_takes_tls(access))


def _takes_tls(access: Access) -> bool:
    # Nothing is sent but the handshake: whether the certificate is right is of no concern here.
    settings = ConnectionSettings(unverifying(), access.sni)
    try:
        open_stream(access.address.host, access.address.port, settings, Backend(), Call(SECONDS)).close()
    except WireError:
        return False
    return True


def _first_bytes(access: Access, sent: bytes) -> bytes:
    call = Call(SECONDS)
    try:
        stream = open_stream(access.address.host, access.address.port, ConnectionSettings(), Backend(), call)
    except WireError:
        return b""
    with contextlib.closing(stream):
        try:
            stream.push(sent, timeout=call)
            return stream.read(64, timeout=call)
        except WireError:
            return b""
