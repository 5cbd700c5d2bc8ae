"""The endpoint as a whole: which of the permitted forms of address work, and which models are under test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.check import Untestable
from harness.endpoint.candidate import Candidate
from harness.endpoint.memory import Memory
from harness.endpoint.models import NO_ADDRESS, ModelUnderTest
from harness.endpoint.replica import Replica
from harness.policy import Policy
from harness.record.exchange import Exchange
from harness.wire.ahead import Ahead
from harness.wire.binary import EXTENSION
from harness.wire.client import Client
from harness.wire.messages import ServerMetadata
from harness.wire.rest import RestClient

if TYPE_CHECKING:
    from harness.wire.rpc import GrpcClient


@dataclass(slots=True)
class Endpoint:
    """What discovery found out; checks ask the endpoint instead of guessing again.

    Attributes:
        rest: the REST client of the run; None for an endpoint that is reached over gRPC only.
        grpc: the gRPC client of the run; None without a gRPC address.
        metadata_path: form of the server metadata path that answered (``v2`` or ``v2/``); both are tried, since the
            documents differ (REST-HTTP-02).
        metadata_exchange: the answer on that form, or on the first form if none worked.
        server: tolerant reading of it, None if it could not be read.
        seed: of everything that is drawn.
        examples: how many draws a search may make (by profile).
        models: in the order of the listing or of the command line.
        beyond: what is not probed, and stands in the run to say so.
        unsendable: names of the listing that no message can hold.
        listed: names the endpoint lists, None if it lists none at all.
        memory: what was asked of the endpoint once, and what the run has a place for, such as the records of load.
        remarks: what was noticed before the first check and belongs into the record.
        unloaded: names it lists and says it has not loaded.
        replicas: every instance of the service that was named; the first is the one that is probed.
        candidate: what is to replace it, where that was named.
        ahead: sends requests that do not depend on each other side by side, where that pays.
    """

    rest: RestClient | None
    grpc: GrpcClient | None
    policy: Policy
    metadata_path: str
    metadata_exchange: Exchange
    server: ServerMetadata | None
    models: list[ModelUnderTest] = field(default_factory=list)
    beyond: list[ModelUnderTest] = field(default_factory=list)
    unsendable: list[str] = field(default_factory=list)
    seed: int = 15
    examples: int = 20
    listed: tuple[str, ...] | None = None
    memory: Memory = field(default_factory=Memory)
    unloaded: tuple[str, ...] = ()
    remarks: list[str] = field(default_factory=list)
    replicas: tuple[Replica, ...] = ()
    candidate: Candidate | None = None
    ahead: Ahead = field(init=False)

    def __post_init__(self) -> None:
        self.ahead = Ahead(self.clients)
        self.ahead.note = self.remarks.append

    @property
    def clients(self) -> list[Client]:
        """The client of each transport with an address, REST first."""
        return [client for client in (self.rest, self.grpc) if client is not None]

    @property
    def first(self) -> Client:
        """The client that the endpoint as a whole is asked by: that of REST where there is one."""
        return self.clients[0]

    @property
    def client(self) -> RestClient:
        """The REST client.

        Raises:
            Untestable: the endpoint is reached over gRPC only.
        """
        if self.rest is None:
            raise Untestable(NO_ADDRESS["rest"])
        return self.rest

    @property
    def takes_raw(self) -> bool:
        """Whether values can be sent as raw bytes: in binary over REST, or over gRPC."""
        return self.grpc is not None or self.extension(EXTENSION)

    def extension(self, *names: str) -> bool:
        """Whether server metadata lists one of the names (or begins with one: Triton adds details in brackets)."""
        listed = self.server.extensions if self.server else ()
        return any(each.partition("(")[0] in names for each in listed)
