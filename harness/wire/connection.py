"""One HTTP/1.1 connection to the endpoint, directly or through a proxy, and the pool of them."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass

import httpcore

from harness.record.quoting import clip
from harness.wire.address import joined
from harness.wire.sockets import Backend, Call, Stream, WireError, as_call

# Shorter than the idle time of any common server (uvicorn: 5 s): if both sides closed at once, a request would be
# lost that nobody is to blame for.
KEEPALIVE_SECONDS = 2.0
MAX_IDLE = 16
MAX_PROXY_REPLY = 16 * 1024


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How connections are opened: TLS context (None for plain HTTP), server name, and the proxy if there is one."""

    context: ssl.SSLContext | None = None
    sni: str | None = None
    proxy: tuple[str, int, str | None] | None = None


def open_stream(
    host: str, port: int, settings: ConnectionSettings, backend: Backend, call: Call, *, tunnel: bool = False
) -> Stream:
    """A connection to ``host``, through the proxy and with TLS as ``settings`` say.

    Without TLS a proxy is left to forward the requests themselves, unless ``tunnel`` asks for a tunnel.

    Raises:
        WireError: kinds ``connect`` and ``tls``.
    """
    if settings.proxy is None:
        stream = backend.connect_tcp(host, port, timeout=call)
    else:
        proxy, proxy_port, credentials = settings.proxy
        stream = backend.connect_tcp(proxy, proxy_port, timeout=call)
        if tunnel or settings.context is not None:
            _tunnel(stream, joined(host, port), credentials, call)
    if settings.context is None:
        return stream
    return stream.start_tls(settings.context, settings.sni or host, timeout=call)


def _tunnel(stream: Stream, target: str, credentials: str | None, call: Call) -> None:
    """Ask the proxy for a tunnel."""
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if credentials is not None:
        lines.append(f"Proxy-Authorization: {credentials}")
    try:
        stream.write("\r\n".join([*lines, "", ""]).encode("latin-1"), timeout=call)
        reply = _reply(stream, call)
    except (WireError, httpcore.WriteError) as error:
        stream.close()
        raise WireError("connect", f"through the proxy: {error}") from None
    status = reply.partition(b"\r\n")[0].split(b" ")
    if len(status) < 2 or not status[1].startswith(b"2"):
        stream.close()
        shown = clip(reply.partition(b"\r\n")[0].decode("ascii", "backslashreplace"), 100)
        raise WireError("connect", f"the proxy refused: {shown}")


class _Http11(httpcore.HTTP11Connection):
    def _response_closed(self) -> None:
        # Bytes after a whole response were not asked for. On a connection that is used again they would pass for the
        # answer to the next request, and the wrong check would find fault with it.
        if self._h11_state.trailing_data[0]:
            self.close()
        else:
            super()._response_closed()


class Connection(httpcore.ConnectionInterface):
    """A connection that is opened by its first request; `httpcore.ConnectionPool` decides on its use."""

    def __init__(self, origin: httpcore.Origin, settings: ConnectionSettings, backend: Backend) -> None:
        self._origin = origin
        self._settings = settings
        self._backend = backend
        self._http: _Http11 | None = None
        self._failed = False
        self._lock = threading.Lock()

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Connect if need be, and send.

        Raises:
            WireError, httpcore.ProtocolError: what went wrong.
        """
        call = as_call(request.extensions.get("timeout", {}).get("connect"))
        with self._lock:
            if self._http is None:
                try:
                    host, port = self._origin.host.decode(), self._origin.port
                    stream = open_stream(host, port, self._settings, self._backend, call)
                except BaseException:
                    self._failed = True
                    raise
                self._http = _Http11(self._origin, stream, keepalive_expiry=KEEPALIVE_SECONDS)
        return self._http.handle_request(self._by_proxy(request))

    def _by_proxy(self, request: httpcore.Request) -> httpcore.Request:
        """The request as it goes over this connection: a proxy without a tunnel is given the whole URL."""
        if self._settings.proxy is None or self._settings.context is not None:
            return request
        credentials = self._settings.proxy[2]
        headers = list(request.headers)
        if credentials is not None:
            headers.append((b"Proxy-Authorization", credentials.encode("latin-1")))
        scheme, netloc = request.url.scheme.decode(), self._origin.host.decode()
        target = f"{scheme}://{netloc}:{self._origin.port}".encode() + request.url.target
        extensions = {**request.extensions, "target": target}
        return httpcore.Request(
            request.method, request.url, headers=headers, content=request.stream, extensions=extensions
        )

    def close(self) -> None:
        """Close it, whatever it is doing."""
        if self._http is not None:
            self._http.close()

    def info(self) -> str:
        """State in words."""
        return self._http.info() if self._http is not None else ("failed" if self._failed else "connecting")

    def can_handle_request(self, origin: httpcore.Origin) -> bool:
        """Whether it leads to that origin."""
        return origin == self._origin

    def is_available(self) -> bool:
        """Whether a request may be put on it now."""
        return self._http is not None and self._http.is_available()

    def has_expired(self) -> bool:
        """Whether it was idle too long, or the server has closed it."""
        return self._failed if self._http is None else self._http.has_expired()

    def is_idle(self) -> bool:
        """Whether no request is on it."""
        return self._failed if self._http is None else self._http.is_idle()

    def is_closed(self) -> bool:
        """Whether it can never be used again."""
        return self._failed if self._http is None else self._http.is_closed()


def _reply(stream: Stream, call: Call) -> bytes:
    """The proxy's reply, read byte by byte to its end: what follows belongs to TLS."""
    reply = b""
    while not reply.endswith(b"\r\n\r\n"):
        byte = stream.read(1, timeout=call)
        reply += byte
        if not byte or len(reply) > MAX_PROXY_REPLY:
            raise WireError("connect", "it gave no reply that ends")
    return reply


class Pool(httpcore.ConnectionPool):
    """httpcore's pool over our connections. Safe to use from several threads."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._backend = Backend()
        super().__init__(max_connections=None, max_keepalive_connections=MAX_IDLE, network_backend=self._backend)

    def create_connection(self, origin: httpcore.Origin) -> Connection:
        """A new connection, not yet opened."""
        return Connection(origin, self._settings, self._backend)
