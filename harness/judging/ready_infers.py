"""Ready means able: a model that says it is ready, and answers every valid request by an error of the server."""

from __future__ import annotations

from collections.abc import Callable

from harness.check import Untestable
from harness.criteria import Criterion
from harness.endpoint.advice import key
from harness.endpoint.route import AnyRoute
from harness.endpoint.sequences import asks_for_sequence
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.messages import TensorMetadata
from harness.wire.pace import pause_of

READY, ROOT = Criterion.READY_INFERS.clause, "ready-and-does-not-infer"
ROUNDS = 3
# A verb or a version of HTTP that is not served: no word about the model.
NOT_SERVED = (501, 505)
BROKEN_CALLS = ("UNKNOWN", "INTERNAL", "UNAVAILABLE", "DATA_LOSS")


def ready_means_able(probe: Probe, route: AnyRoute, says_ready: Callable[[], bool]) -> None:
    """One case: whether a model that says it is ready answers a valid request at all.

    A refusal that blames the request is none of this: the model may want what metadata cannot describe.
    """
    try:
        accepted = route.accepted().exchange
    except Untestable:
        if not _broken_throughout(route):
            raise
    else:
        probe.holds(True, clause=READY, expected="an inference", observed=status_of(accepted))
        return
    request = next(iter(route.samples), None) or next(route.candidates())
    for _ in range(ROUNDS):
        if not says_ready():
            probe.untestable("the model does not say that it is ready, and infers nothing: it may be right")
        exchange = route.ask(request)
        if not server_failed(exchange):
            probe.untestable(f"an inference that failed before now ends otherwise: {status_of(exchange)}")
    known = bool(route.samples) or _described(route)
    count = len(route.refusals) + ROUNDS
    observed = f"ready, and each of {count} valid requests{route.over} is answered by an error of the server: "
    probe.holds(False, clause=READY, expected="a model that is ready infers", observed=observed + status_of(exchange),
                exchange=exchange, root=ROOT, mild=not known)  # fmt: skip
    if not known:
        probe.observe(
            "metadata leave open what the model takes: a request under "
            f"[samples.{key(probe.model.name)}] of the policy would decide it",
            READY,
        )


def server_failed(exchange: Exchange) -> bool:
    """Whether an answer says that the server itself failed, and not that it is to be asked again later."""
    if exchange.error is not None or pause_of(exchange) is not None:
        return False
    if exchange.rpc is not None:
        return exchange.rpc.name in BROKEN_CALLS
    return exchange.status is not None and 500 <= exchange.status <= 599 and exchange.status not in NOT_SERVED


def _broken_throughout(route: AnyRoute) -> bool:
    """Whether every valid request so far has met an error of the server, and none of them asks for something else."""
    refusals = route.refusals
    return bool(refusals) and all(map(server_failed, refusals)) and not asks_for_sequence(refusals)


def _described(route: AnyRoute) -> bool:
    """Whether the metadata say all that a request needs: shapes with no open dimension but the first, and numbers."""
    inputs = route.metadata.inputs if route.metadata else ()
    return bool(inputs) and all(map(_is_described, inputs))


def _is_described(tensor: TensorMetadata) -> bool:
    return tensor.datatype != "BYTES" and bool(tensor.shape) and all(size >= 0 for size in tensor.shape[1:])
