"""TLS, set up once for all who send: trust, client certificate, the protocol that is offered, the name asked for."""

from __future__ import annotations

import ssl

import certifi

HTTP1, HTTP2 = "http/1.1", "h2"


def verifying(ca: str | None, cert: str | None, key: str | None, protocol: str) -> ssl.SSLContext:
    """A context that verifies the endpoint and offers one protocol.

    Args:
        ca: PEM file of the only authorities to trust; None trusts those of the system and certifi's.
        cert, key: PEM files of the client's own certificate; None shows none.

    Raises:
        OSError, ssl.SSLError: a file cannot be used.
    """
    context = ssl.create_default_context(cafile=ca)
    if ca is None:
        context.load_verify_locations(certifi.where())
    if cert is not None:
        context.load_cert_chain(cert, key)
    context.set_alpn_protocols([protocol])
    return context


def unverifying() -> ssl.SSLContext:
    """A context that takes any certificate and offers every protocol: to hear whether a port speaks TLS at all."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([HTTP2, HTTP1])
    return context


def server_name(authority: str) -> str:
    """The name for SNI and for the certificate's check: ``HOST[:PORT]`` without the port and without brackets."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    # Two colons without brackets: an address of IPv6 alone.
    return authority if authority.count(":") > 1 else authority.partition(":")[0]
