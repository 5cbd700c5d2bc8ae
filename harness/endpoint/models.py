"""One model under test: its names, its routes, and what is remembered of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from harness.check import Untestable
from harness.endpoint.memory import Memory
from harness.endpoint.rest_route import RestRoute
from harness.endpoint.route import AnyRoute
from harness.generate.members import with_elements
from harness.record.exchange import Transport
from harness.wire.messages import InferRequest, ModelMetadata

if TYPE_CHECKING:
    from harness.endpoint.grpc_route import GrpcRoute

NO_ADDRESS: dict[Transport, str] = {
    "rest": "the endpoint was given without REST",
    "grpc": "no gRPC address was given (--oip-grpc HOST:PORT)",
}


@dataclass(slots=True)
class ModelUnderTest:
    """A model as addressed by the run.

    Attributes:
        name: as in the path, not yet percent-encoded.
        version: the version named by the user, else None.
        routes: the model over each transport with an address, REST first; none where it is not probed.
        samples: requests from the policy, tried before generated ones.
        named: whether the user asked for this model by name.
        memory: what a check keeps for one that runs later.
        takes: seconds that an inference was seen to take, over each transport.
        beyond: why it is not probed; empty where it is. ``mend`` is what the policy may say against it.
        called: its id, where its name is no other's only with more.
    """

    name: str
    version: str | None
    routes: dict[Transport, AnyRoute] = field(default_factory=dict)
    samples: tuple[InferRequest, ...] = ()
    named: bool = False
    memory: Memory = field(default_factory=Memory, init=False)
    takes: list[float] = field(default_factory=list, init=False)
    beyond: str = field(default="", init=False)
    mend: str = field(default="", init=False)
    called: str = field(default="", init=False)

    @property
    def id(self) -> str:
        """How the model is called in node ids and in the report."""
        return self.called or (f"{self.name}:{self.version}" if self.version else self.name)

    def over(self, transport: Transport) -> AnyRoute:
        """The model over a transport.

        Raises:
            Untestable: the endpoint has no address for it.
        """
        found = self.routes.get(transport)
        if found is None:
            raise Untestable(NO_ADDRESS[transport])
        return found

    @property
    def rest(self) -> RestRoute:
        """The model over REST; untestable where there is no REST."""
        return cast("RestRoute", self.over("rest"))

    @property
    def grpc(self) -> GrpcRoute:
        """The model over gRPC; untestable without a gRPC address."""
        return cast("GrpcRoute", self.over("grpc"))

    @property
    def route(self) -> AnyRoute:
        """The first route, REST where there is one; what is said of the model without a word of a transport is its."""
        return next(iter(self.routes.values()))

    @property
    def known_route(self) -> AnyRoute:
        """The first route over which the model is known to take a request, else the first one."""
        return next((each for each in self.routes.values() if each.known is not None), self.route)

    @property
    def metadata(self) -> ModelMetadata | None:
        """The metadata over the first route."""
        return self.route.metadata if self.routes else None

    @property
    def address(self) -> str | None:
        """The version in the paths of REST that work (None where the unversioned paths do)."""
        return self.routes["rest"].version if "rest" in self.routes else None

    def with_elements(self, request: InferRequest, name: str, elements: tuple[Any, ...]) -> InferRequest:
        """The request with other elements in one input of variable length, by what the metadata declare."""
        metadata = self.metadata
        return with_elements(request, name, elements, metadata.inputs if metadata else ())
