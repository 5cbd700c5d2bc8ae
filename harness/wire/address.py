"""Where an endpoint is: the one place that reads URLs and ``HOST:PORT``, and writes them back."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

# Where nothing else is said, gRPC over TLS is at 443, and without at the port that servers of the protocol use.
GRPC_PORT = 8001
_GRPC = re.compile(r"(grpcs?)://")
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[^/:@\s]{1,253}):\d{1,5}/?")
_NAMED = {"http": "http", "https": "https", "grpc": "http", "grpcs": "https"}


@dataclass(frozen=True, slots=True)
class Address:
    """An address that can be used.

    Attributes:
        host: in lower case, without brackets.
        authority: ``HOST[:PORT]`` as it was written.
        path: prefix of every path, percent-encoded as given, without a slash at the end.
        user: ``name:password`` where the URL had them; no longer part of it.
    """

    host: str
    port: int
    tls: bool
    authority: str
    path: str = ""
    user: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """As a URL of HTTP, without a user."""
        return f"http{'s' if self.tls else ''}://{self.authority}{self.path}"

    @property
    def grpc_url(self) -> str:
        """As it is written for gRPC."""
        return f"grpc{'s' if self.tls else ''}://{self.authority}{self.path}"

    @property
    def place(self) -> str:
        """Host and port."""
        return joined(self.host, self.port)

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def joined(host: str, port: int) -> str:
    """``HOST:PORT``; a literal address of IPv6 stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_grpc(text: str) -> bool:
    """Whether an address is written as one of gRPC."""
    return _GRPC.match(text) is not None


def read_url(url: str) -> Address:
    """The address in the URL of an endpoint, below which paths are asked for.

    Raises:
        ValueError: it cannot be used; one line, without any secret in it.
    """
    parts = _split(url, ("http", "https"), "endpoint")
    if parts.query or parts.fragment:
        raise ValueError("the endpoint URL must end with its path: no query and no fragment")
    return _address(parts)


def read_proxy(url: str) -> Address:
    """The address in the URL of a proxy.

    Raises:
        ValueError: it cannot be used; one line, without any secret in it.
    """
    return _address(_split(url, ("http",), "proxy"))


def read_grpc(text: str, *, tls: bool = False) -> Address:
    """The address in ``HOST:PORT``, ``grpc://HOST:PORT`` or ``grpcs://HOST:PORT``.

    Args:
        tls: whether the first form means TLS.

    Raises:
        ValueError: it is none of these.
    """
    scheme = _GRPC.match(text)
    asked = scheme.group(1) == "grpcs" if scheme else tls
    place = text[scheme.end() :] if scheme else text
    if not _HOST_PORT.fullmatch(place):
        raise ValueError(f"gRPC address {place!r} is not HOST:PORT")
    return read_url(f"http{'s' if asked else ''}://{place}")


def read_any(url: str) -> Address:
    """The address in a URL of HTTP or gRPC; the latter may leave out its port.

    Raises:
        ValueError: it is neither.
    """
    parts = urlsplit(url)
    if parts.scheme not in _NAMED or not parts.hostname:
        raise ValueError(f"{url!r} is no address: http, https, grpc or grpcs, and a host")
    netloc = parts.netloc
    if is_grpc(url) and parts.port is None:
        netloc = f"{netloc}:{443 if parts.scheme == 'grpcs' else GRPC_PORT}"
    return read_url(parts._replace(scheme=_NAMED[parts.scheme], netloc=netloc).geturl())


def _address(parts: SplitResult) -> Address:
    tls = parts.scheme == "https"
    return Address(
        host=parts.hostname or "",
        port=parts.port or (443 if tls else 80),
        tls=tls,
        authority=parts.netloc.rpartition("@")[2],
        path=parts.path.rstrip("/"),
        user=None if parts.username is None else f"{unquote(parts.username)}:{unquote(parts.password or '')}",
    )


def _split(url: str, schemes: tuple[str, ...], what: str) -> SplitResult:
    if re.search(r"[^\x21-\x7e]", url):
        raise ValueError(f"the {what} URL has a space, a control or a non-ASCII character: percent-encode it")
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port != 0
        httpx.URL(f"{parts.scheme or 'http'}://{parts.netloc.rpartition('@')[2]}/")  # what sends must take it too
    except (ValueError, httpx.InvalidURL) as error:
        raise ValueError(f"the {what} URL cannot be read: {error}") from None
    if parts.scheme not in schemes:
        raise ValueError(f"the {what} URL must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not parts.hostname or not port_is_valid:
        raise ValueError(f"the {what} URL names no host" if port_is_valid else f"the {what} URL has port 0")
    return parts
