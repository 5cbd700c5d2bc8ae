"""Whether anybody takes connections at an address: a connection without a request, which costs the endpoint next to
nothing and is no exchange."""

from __future__ import annotations

from harness.waiting import wait
from harness.wire.access import Access
from harness.wire.connection import ConnectionSettings, open_stream
from harness.wire.sockets import Backend, Call, WireError

CONNECT_SECONDS = 1.0


def refuses(access: Access, pause: float) -> bool:
    """Whether no connection can be opened, ``pause`` seconds from now.

    Behind a proxy nobody can tell: the answer is no.
    """
    if access.proxy is not None:
        return False
    wait(pause)
    address = access.address
    try:
        open_stream(address.host, address.port, ConnectionSettings(), Backend(), Call(CONNECT_SECONDS)).close()
    except WireError as error:
        return error.failure.kind == "connect"
    return False
