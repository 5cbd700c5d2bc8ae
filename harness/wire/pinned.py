"""Clients that speak one version of TLS, or none, to the endpoint's port; for what is to be refused."""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass, field, replace
from typing import Any

from harness.wire.access import Access
from harness.wire.connection import open_stream
from harness.wire.rest import RestClient
from harness.wire.sockets import Backend, Call
from harness.wire.tls import HTTP1


@dataclass(frozen=True, slots=True)
class PinnedAccess(Access):
    """The same endpoint without credentials, over exactly one version of TLS."""

    version: ssl.TLSVersion = field(default=ssl.TLSVersion.TLSv1_2)

    def ssl_context(self, protocol: str = HTTP1) -> ssl.SSLContext:
        """A verifying context for one version, weak ciphers included: whether the peer refuses is the question."""
        context = Access.ssl_context(self, protocol)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
            context.minimum_version = self.version
            context.maximum_version = self.version
        return context


def pinned(client: RestClient, version: ssl.TLSVersion) -> RestClient:
    """A client without credentials that speaks one version of TLS; close it."""
    access = client.access
    made = PinnedAccess(access.address, ca=access.ca, authority=access.authority, proxy=access.proxy, version=version)
    return RestClient(made, client.recorder, client.budget)


def plain(client: RestClient) -> RestClient:
    """A client without credentials that speaks plain HTTP to the same port; close it."""
    access = client.access
    bare = replace(
        access,
        at=replace(access.address, tls=False, authority=access.address.place, user=None),
        headers=(),
        token=None,
        token_command=None,
        ca=None,
        cert=None,
        key=None,
        authority=access.host_header,
    )
    return RestClient(bare, client.recorder, client.budget)


def certificate(client: RestClient) -> dict[str, Any]:
    """The verified certificate of the endpoint, as :meth:`ssl.SSLSocket.getpeercert` gives it.

    Raises:
        WireError: no connection, or no handshake.
        BudgetExhausted: nothing was sent.
    """
    access = client.access
    call = Call(client.budget.take())
    stream = open_stream(access.address.host, access.address.port, access.settings(), Backend(), call, tunnel=True)
    try:
        return dict(stream.get_extra_info("socket").getpeercert() or {})
    finally:
        stream.close()
