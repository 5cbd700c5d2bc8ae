"""Seeded faults that the checks of ``suites/failover/test_rotation.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.common import Trigger, by_connection, by_turn, holds
from harness.reference.faults.kit.load import infers, infers_over_grpc
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.http.wires import Wire
from harness.reference.messages import Call, Reply, error

READY, HANG, CLOSES = "policy:ready-infers", "policy:no-hang", "advice:closes-cleanly"
AWAY = "advice:turns-nobody-away"
# Workers of which one is dead, and requests after which a connection ends.
WORKERS, LAST = 4, 6


def _fails(picks: Trigger, status: int = 500) -> Install:
    """Calls that ``picks`` picks are answered with 500 (INTERNAL), or another status."""

    def gate(call: Call) -> Reply | None:
        return error(status, "the worker is gone") if picks(call) else None

    return lambda hooks: hooks.gates.append(gate)


fault("failover-dead-worker-fails", READY, text="one of four workers fails every inference, for ever")(
    _fails(by_turn(infers, WORKERS))
)

fault(
    "failover-grpc-dead-worker-fails",
    READY,
    text="over gRPC: one of four workers fails every inference, for ever",
    transport="grpc",
)(_fails(by_turn(infers_over_grpc, WORKERS)))

fault("failover-dead-worker-hangs", HANG, READY, text="one of four workers never answers an inference", effect="hang")(
    holds(by_turn(infers, WORKERS))
)

fault(
    "failover-grpc-dead-worker-hangs",
    HANG,
    READY,
    text="over gRPC: one of four workers never answers an inference",
    transport="grpc",
    effect="hang",
)(holds(by_turn(infers_over_grpc, WORKERS)))


fault("failover-dead-replica-refused", AWAY, text="one of four replicas is gone, and a 503 stands in for it, for ever")(
    _fails(by_turn(infers, WORKERS), 503)
)

fault(
    "failover-grpc-dead-replica-refused",
    AWAY,
    text="over gRPC: one of four replicas is gone, and UNAVAILABLE stands in for it, for ever",
    transport="grpc",
)(_fails(by_turn(infers_over_grpc, WORKERS), 503))


@fault(
    "failover-replica-ready-while-broken",
    READY,
    text="one of three replicas, by connection, says that it is ready and fails every inference",
    effect="state",
)
def ready_while_broken(hooks: Hooks) -> None:
    _fails(by_connection(hooks, infers))(hooks)


@fault(
    "failover-new-connections-fail",
    READY,
    text="the first inference on each connection fails, those that follow on it are served",
    effect="state",
)
def new_connections_fail(hooks: Hooks) -> None:
    served: set[object] = set()

    def first(call: Call) -> bool:
        is_first = infers(call) and call.connection not in served
        served.add(call.connection)
        return is_first

    _fails(lambda call: infers(call) and first(call))(hooks)


class _Short(Wire):
    """A connection that ends in the middle of its sixth request with a body."""

    def __init__(self) -> None:
        self._requests = 0

    def received(self, data: bytes) -> bytes:
        self._requests += data.startswith(b"POST ")
        if self._requests < LAST:
            return data
        self.hang_up()
        return b""


@fault(
    "failover-closes-unannounced",
    CLOSES,
    text="a connection ends at its sixth inference, without a word before, and that one gets no answer",
    effect="state",
)
def closes_unannounced(hooks: Hooks) -> None:
    hooks.wires.append(_Short)
