"""Faults of the proxy that stands in front of a replica, as ``[drills.fault]`` declares them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from harness.drills.tables import FaultKind, Patience, Seconds, Share

BytesPerSecond = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class _Proxied(FaultKind, frozen=True, kw_only=True):
    """A fault of the proxy that stands in front of a replica.

    Attributes:
        listen, to: HOST:PORT at which the tester listens, and of the replica.
        control: instead of both, the socket of a proxy that the user started (``python -m harness.drills.proxy``).
        replica: instead of all, a replica of ``--endpoint embedded-cluster``, which is put behind a proxy.
        share: of the connections that it touches.
    """

    listen: str = ""
    to: str = ""
    control: str = ""
    replica: str = ""
    share: Share = 1.0

    def __post_init__(self) -> None:
        if [bool(self.listen and self.to), bool(self.control), bool(self.replica)].count(True) != 1 or (
            bool(self.listen) != bool(self.to)
        ):
            raise ValueError(
                "a proxy has listen and to, each HOST:PORT; or control, the socket of one that runs; or replica, of "
                "the embedded cluster"
            )
        for name in ("listen", "to"):
            value = getattr(self, name)
            host, _, port = value.rpartition(":")
            if value and not (host and port.isdecimal() and 0 < int(port) < 65536):
                raise ValueError(f"{name} = {value!r} is no HOST:PORT")


class DelayFault(_Proxied, frozen=True, kw_only=True, tag="delay"):
    """What the replica sends comes later: by ``delay_s``, more or less ``jitter_s``.

    Attributes:
        delay_s: seconds by which it is later.
        jitter_s: seconds by which that differs.
    """

    delay_s: Patience = 0.3
    jitter_s: Seconds = 0.0


class BandwidthFault(_Proxied, frozen=True, kw_only=True, tag="bandwidth"):
    """No more bytes a second than that, in either direction of a connection.

    Attributes:
        bytes_per_s: of each connection.
    """

    bytes_per_s: BytesPerSecond = 10_000


class RefuseFault(_Proxied, frozen=True, kw_only=True, tag="refuse"):
    """Nobody listens any more, and open connections end: what the host of a dead process does."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.share != 1:
            raise ValueError("refuse touches all connections: nobody listens; reset has a share")


class ResetFault(_Proxied, frozen=True, kw_only=True, tag="reset"):
    """Open connections are reset, and so is each new one with its first byte."""


class HalfOpenFault(_Proxied, frozen=True, kw_only=True, tag="half-open"):
    """Connections are taken and stay open, and nothing comes back."""


class CutFault(_Proxied, frozen=True, kw_only=True, tag="cut"):
    """An answer ends in the middle, with the end of its connection."""


class SlowBodyFault(_Proxied, frozen=True, kw_only=True, tag="slow-body"):
    """The head of an answer comes at once, its body at so many bytes a second.

    Attributes:
        bytes_per_s: of each connection.
    """

    bytes_per_s: BytesPerSecond = 20


class ErrorsFault(_Proxied, frozen=True, kw_only=True, tag="errors"):
    """Bursts of an HTTP error in place of the replica's answers (HTTP/1.1 only, and so not over gRPC).

    Attributes:
        status: of HTTP.
        retry_after_s: with a Retry-After of so many seconds.
        burst_s, every_s: errors for so long, and again that many seconds after the last burst began; without
            ``every_s`` as long as the fault is held.
    """

    status: Literal[429, 500, 502, 503, 504] = 503
    retry_after_s: Annotated[int, msgspec.Meta(ge=0, le=3600)] | None = None
    burst_s: Patience = 1.0
    every_s: Patience | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.every_s is not None and self.every_s <= self.burst_s:
            raise ValueError("every_s is longer than burst_s: between bursts the replica's own answers pass")


class CorruptFault(_Proxied, frozen=True, kw_only=True, tag="corrupt"):
    """One bit of each answer is another."""


ProxyFault: TypeAlias = (
    DelayFault | BandwidthFault | RefuseFault | ResetFault | HalfOpenFault | CutFault | SlowBodyFault | ErrorsFault
    | CorruptFault
)  # fmt: skip
