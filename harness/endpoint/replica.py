"""One instance of the service: where it is, for each transport."""

from __future__ import annotations

from dataclasses import dataclass

from harness.record.exchange import Transport
from harness.wire.access import Access


@dataclass(frozen=True, slots=True)
class Replica:
    """An instance of the service.

    Attributes:
        by_transport: how it is reached, REST first; for one transport at least, with the same credentials.
    """

    by_transport: tuple[tuple[Transport, Access], ...]

    @property
    def rest(self) -> Access | None:
        """How it is reached over REST, if it is."""
        return dict(self.by_transport).get("rest")

    @property
    def grpc(self) -> Access | None:
        """How it is reached over gRPC, if it is."""
        return dict(self.by_transport).get("grpc")

    @property
    def transports(self) -> list[Transport]:
        """The transports with an address."""
        return [transport for transport, _ in self.by_transport]

    @property
    def access(self) -> Access:
        """How it is reached over its first transport."""
        return self.by_transport[0][1]

    @property
    def url(self) -> str:
        """The address as it is to be given again."""
        transport, access = self.by_transport[0]
        return access.address.url if transport == "rest" else access.address.grpc_url

    @property
    def plaintext(self) -> list[Transport]:
        """The transports that are reached without TLS."""
        return [transport for transport, access in self.by_transport if not access.address.tls]

    @property
    def is_loopback(self) -> bool:
        """Whether all of it is on this machine."""
        return all(access.is_loopback for _, access in self.by_transport)
