"""How the endpoint is reached: address, credentials, trust, proxy. Environment proxies are never looked at."""

from __future__ import annotations

import base64
import contextlib
import re
import shlex
import ssl
import subprocess
import threading
import time
from dataclasses import InitVar, dataclass, field, replace

from harness.record.parts import halves, parts_of
from harness.waiting import wait
from harness.wire import tls
from harness.wire.address import Address, joined, read_proxy, read_url
from harness.wire.connection import ConnectionSettings

TOKEN_SECONDS = 300.0
TOKEN_TIMEOUT = 30.0
# Servers limit a header, or all of them, at 4 to 64 KiB. What is longer is the operator's mistake: the refusal of it
# would be told as one of every valid request.
MOST_OF_A_HEADER = 64 << 10
# A command that fails is run again after these pauses, in seconds: what it asks for a token may be busy for a moment.
TOKEN_PAUSES = (0.5, 2.0)
# A command that fails where there still is a token is run again after so many seconds.
TOKEN_AGAIN = 15.0
# After a 401 the token command runs again, but not for each of a row of refusals that a check provokes.
TOKEN_PATIENCE = 5.0
# A value of a header with an ordinary name is a secret from this length on; "staging" is not worth a spoilt record.
LONG_VALUE = 16

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SENSITIVE = re.compile(r"auth|cookie|key|token|secret|session|passw|credential|signature", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")

Header = tuple[str, str]


def is_sensitive(name: str) -> bool:
    """Whether a header of this name holds credentials, going by the name."""
    return _SENSITIVE.search(name) is not None


class AccessError(Exception):
    """The operator's own means of access failed, such as the token command; nothing was sent."""


class _FailedNow(AccessError):
    """The token command ran and gave no token: it may the next time."""


@dataclass(slots=True)
class _Tokens:
    """The bearer token in use and those before it, which stay secret."""

    current: str | None = None
    fetched: float = float("-inf")
    past: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, token: str) -> None:
        """Use this one from now on."""
        self.current, self.fetched = token, time.monotonic()
        self.past.add(token)


@dataclass(frozen=True, slots=True)
class Access:
    """A checked way to the endpoint.

    Args:
        at: where it is, or the URL that says so; a user name in it becomes Basic credentials.

    Attributes:
        headers: sent with every request.
        token: bearer token.
        token_command: command line (no shell) that prints the bearer token; run again every five minutes and after a
            401.
        ca: PEM file that replaces the system's trust store; ``cert`` and ``key`` are the client's own.
        authority: ``HOST[:PORT]`` for the Host header and for SNI instead of those of the URL.
        proxy: ``http://[user:password@]host:port``.

    Raises:
        ValueError: something cannot work; one line, without any secret in it.
    """

    at: InitVar[Address | str]
    headers: tuple[Header, ...] = ()
    token: str | None = field(default=None, repr=False)
    token_command: str | None = field(default=None, repr=False)
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    authority: str | None = None
    proxy: str | None = field(default=None, repr=False)
    address: Address = field(init=False)
    _tokens: _Tokens = field(init=False, repr=False, default_factory=_Tokens)

    def __post_init__(self, at: Address | str) -> None:
        # The class is frozen; this is derived once.
        object.__setattr__(self, "address", read_url(at) if isinstance(at, str) else at)
        self._refuse_headers()
        if self.token is not None and self.token_command is not None:
            raise ValueError("give a token or a token command, not both")
        if self.token is not None:
            _refuse_value("the token", self.token)
        if self.key is not None and self.cert is None:
            raise ValueError("a client key needs its certificate as well")
        if self.authority is not None and not _AUTHORITY.fullmatch(self.authority):
            raise ValueError(f"authority {self.authority!r} is not HOST or HOST:PORT")
        if self.proxy is not None:
            read_proxy(self.proxy)

    def _refuse_headers(self) -> None:
        for name, value in self.headers:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a header name")
            _refuse_value(f"the header {name}", value)

    def beside(self, at: Address | str) -> Access:
        """Another address with the same credentials and trust; a token command is run once for both.

        Raises:
            ValueError: the address cannot be used.
        """
        other = replace(self, at=at)
        object.__setattr__(other, "_tokens", self._tokens)
        return other

    def pinned(self, host: str) -> Access:
        """The same service at one of the addresses that its name stands for, still asked for by its name."""
        at = replace(self.address, host=host, authority=joined(host, self.address.port))
        named = replace(self, at=at, authority=self.host_header)
        object.__setattr__(named, "_tokens", self._tokens)
        return named

    @property
    def host_header(self) -> str:
        """Value of the Host header: the authority, else the URL's host and port as written."""
        return self.authority or self.address.authority

    @property
    def sni(self) -> str:
        """Server name for TLS."""
        return self.address.host if self.authority is None else tls.server_name(self.authority)

    @property
    def is_loopback(self) -> bool:
        """Whether the endpoint is on this machine (and no proxy stands in between)."""
        return self.proxy is None and self.address.is_loopback

    def headers_now(self) -> tuple[Header, ...]:
        """The headers of access for a request sent now, credentials included.

        Raises:
            AccessError: the token command failed, and there is no token that was not refused.
        """
        if any(name.lower() == "authorization" for name, _ in self.headers):
            return self.headers
        token = self.token or self._token_from_command()
        if token is not None:
            return (*self.headers, ("Authorization", f"Bearer {token}"))
        if self.address.user is not None:
            return (*self.headers, ("Authorization", _basic(self.address.user)))
        return self.headers

    def refused(self) -> None:
        """The endpoint answered 401: a token from a command is fetched anew for the next request."""
        with self._tokens.lock:
            if time.monotonic() - self._tokens.fetched > TOKEN_PATIENCE:
                self._tokens.current = None

    @property
    def has_credentials(self) -> bool:
        """Whether anything was given that shows who is asking; a header counts by its name."""
        given = self.token or self.token_command or self.address.user or self.cert
        return bool(given) or any(is_sensitive(name) for name, _ in self.headers)

    def secrets(self) -> tuple[str, ...]:
        """Values that must never be written, as known now; call again after :meth:`headers_now`."""
        found = set(self._tokens.past)
        if self.token:
            found.add(self.token)
        for user in (self.address.user, read_proxy(self.proxy).user if self.proxy else None):
            if user:
                found |= halves(user)
        for name, value in self.headers:
            if _SENSITIVE.search(name):
                found |= parts_of(value)
            elif len(value) >= LONG_VALUE:
                found.add(value)
        return tuple(sorted(found - {""}))

    def ssl_context(self, protocol: str = tls.HTTP1) -> ssl.SSLContext:
        """A verifying context: the CA file if given, else the system's trust store and certifi's.

        Raises:
            ValueError: a file cannot be used.
        """
        try:
            return tls.verifying(self.ca, self.cert, self.key, protocol)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(name for name in (self.ca, self.cert, self.key) if name)
            raise ValueError(f"TLS files cannot be used ({files}): {error}") from error

    def settings(self, protocol: str = tls.HTTP1) -> ConnectionSettings:
        """How connections to the endpoint are opened, to speak that protocol over TLS.

        Raises:
            ValueError: a file cannot be used.
        """
        context = self.ssl_context(protocol) if self.address.tls else None
        if self.proxy is None:
            return ConnectionSettings(context, self.sni)
        proxy = read_proxy(self.proxy)
        credentials = None if proxy.user is None else _basic(proxy.user)
        return ConnectionSettings(context, self.sni, (proxy.host, proxy.port, credentials))

    def _token_from_command(self) -> str | None:
        if self.token_command is None:
            return None
        tokens = self._tokens
        with tokens.lock:
            if tokens.current is None:
                tokens.take(_run_until_it_works(self.token_command))
            elif time.monotonic() - tokens.fetched > TOKEN_SECONDS:
                # The one in use was not refused so far: a command that fails now may work when it is asked again.
                tokens.fetched = time.monotonic() - TOKEN_SECONDS + TOKEN_AGAIN
                with contextlib.suppress(AccessError):
                    tokens.take(_run(self.token_command))
            return tokens.current


def _run_until_it_works(command: str) -> str:
    for pause in TOKEN_PAUSES:
        try:
            return _run(command)
        except _FailedNow:
            wait(pause)
    return _run(command)


def _run(command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 -- the operator's own command, split without a shell
            shlex.split(command), capture_output=True, timeout=TOKEN_TIMEOUT, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise AccessError(f"the token command gave no token within {TOKEN_TIMEOUT:g} s") from None
    except (OSError, ValueError) as error:
        # The exception text holds the command line, which may hold a secret.
        raise AccessError(f"the token command could not be run: {type(error).__name__}") from None
    token = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode or not token:
        raise _FailedNow(f"the token command gave no token (exit status {done.returncode})")
    try:
        _refuse_value("the token", token)
    except ValueError as error:
        raise AccessError(str(error)) from None
    return token


def _basic(user: str) -> str:
    return "Basic " + base64.b64encode(user.encode()).decode()


def _refuse_value(what: str, value: str) -> None:
    if len(value) > MOST_OF_A_HEADER:
        raise ValueError(
            f"{what} has {len(value)} characters; servers read no more than {MOST_OF_A_HEADER} of a header"
        )
    if re.search(r"[\r\n\0]", value):
        raise ValueError(f"{what} has a line break or a null character")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"{what} has a character outside Latin-1") from None
