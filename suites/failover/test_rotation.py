"""Every connection and every request is served: no dead worker stays in rotation (Art. 15(4))."""

from __future__ import annotations

from collections.abc import Sequence

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.probing.probe import Probe
from harness.probing.replicas.census import HURRIED_SECONDS, SILENT, Census, census_of
from harness.probing.replicas.glances import METADATA, SERVER, silent
from harness.probing.replicas.glances import READY as READINESS
from harness.probing.replies import status_of
from harness.record.exchange import Exchange, Transport

READY, HANG, CLOSES, AWAY = (
    Criterion.READY_INFERS.clause, Criterion.NO_HANG.clause, Advice.CLOSES_CLEANLY.clause,
    Advice.TURNS_NOBODY_AWAY.clause,
)  # fmt: skip
DEAD, TURNED_AWAY = "dead-worker-in-rotation", "share-is-turned-away"
# One failure may be that of a moment.
FEW = 2
# Neither "not now" nor a refusal: what a worker that is broken or gone leaves a client with.
BROKEN = (500, 502, 504)
# UNKNOWN, INTERNAL, DATA_LOSS.
BROKEN_RPC = (2, 13, 15)
ENDED = ("reset", "closed")
UNAVAILABLE = 14
# Connections that have to lose a request before it is more than an accident.
LOSING = 3
FIX = "Check each worker by an inference, and take it out of rotation until one succeeds."


@check(
    "failover-every-connection-serves",
    duties=["A15-4-b", "A15-4-d", "A15-4-i"],
    criteria=[Criterion.READY_INFERS, Criterion.NO_HANG],
    advice=[Advice.TURNS_NOBODY_AWAY],
    criterion="of one inference on ten new connections and on a kept one, no share fails while the model is ready",
    per="model",
    kind="sampling",
    faults=[
        "failover-dead-worker-fails",
        "failover-dead-worker-hangs",
        "failover-replica-ready-while-broken",
        "failover-new-connections-fail",
        "failover-dead-replica-refused",
    ],
    fix=FIX,
)
def failover_every_connection_serves(probe: Probe) -> None:
    """A model that is ready infers on every connection, every time.

    An inference that the model accepts, twice on each of ten new connections and sixteen times on a kept one, with
    readiness asked on each of the new ones. Where two fail (500, 502, 504, a connection that ends, no answer) and
    others are served, a second series has to show the same. Refusals that name a moment (429, 503 with Retry-After) are
    not judged; 503 without it, and connections that are refused, only where they go on a second apart.
    """
    _serves(probe, "rest")


@check(
    "failover-grpc-every-connection-serves",
    duties=["A15-4-b", "A15-4-d", "A15-4-i"],
    criteria=[Criterion.READY_INFERS, Criterion.NO_HANG],
    advice=[Advice.TURNS_NOBODY_AWAY],
    criterion="of one call on six new connections and on a kept one, no share fails while the model is ready",
    per="model",
    kind="sampling",
    transport="grpc",
    faults=[
        "failover-grpc-dead-worker-fails",
        "failover-grpc-dead-worker-hangs",
        "failover-grpc-dead-replica-refused",
    ],
    fix=FIX,
)
def failover_grpc_every_connection_serves(probe: Probe) -> None:
    """A model that is ready infers over gRPC on every connection, every time.

    As over REST; INTERNAL, UNKNOWN, DATA_LOSS and a deadline that passes fail. RESOURCE_EXHAUSTED is not judged, and
    UNAVAILABLE only where it goes on a second apart.
    """
    _serves(probe, "grpc")


@check(
    "failover-closes-cleanly",
    duties=["A15-4-b", "A15-4-d"],
    advice=[Advice.CLOSES_CLEANLY],
    criterion="of sixteen inferences one after the other on a kept connection, none is lost with the connection",
    per="model",
    kind="sampling",
    faults=["failover-closes-unannounced"],
    fix="Send Connection: close with the last answer of a connection, and close it when that is read.",
)
def failover_closes_cleanly(probe: Probe) -> None:
    """A connection that ends loses no request.

    Sixteen inferences follow each other at once. A request on a connection that has served, and that then ends without
    an answer, is lost where a client may not repeat it (RFC 9112, section 9.6, asks a server to announce the end). It
    counts if it happens on each of three connections.
    """
    census = census_of(probe, "rest")
    lost = _kept(census)
    for _ in range(LOSING - 1 if lost else 0):
        again = census.stay_on()
        lost = [*lost, *again] if again else []
        if not again:
            probe.observe("a connection ended in the middle of a request, and another one did not")
            break
    served = sum(each.ok for each in census.kept)
    probe.holds(
        not lost, clause=CLOSES, expected="connections that end between requests, and say so",
        observed=f"{served} served; lost: {', '.join(map(_lost_as, lost)) or 'none'}",
        exchange=lost[0] if lost else None, root="connection-ends-with-a-request",
    )  # fmt: skip


def _serves(probe: Probe, transport: Transport) -> None:
    census = census_of(probe, transport)
    _kept(census)
    asked = [*census.fresh, *census.kept]
    bad = [each for each in asked if broken(each)]
    if not any(each.ok for each in asked):
        probe.untestable(f"no inference was answered on {len(census.glances)} connections: {status_of(asked[0])}")
    if len(bad) < FEW:
        if bad:
            probe.observe(f"one of {len(asked)} inferences failed: {status_of(bad[0])}")
        for clause in (READY, HANG):
            probe.holds(True, clause=clause, expected="an answer to each", observed=f"{len(asked)} inferences")
        _turns_away(probe, census)
        return
    before = len(census.glances)
    census.look_on(probe)
    later = [exchange for each in census.glances[before:] for exchange in each.answers]
    again = [each for each in later if broken(each)]
    if not again or not any(each.ok for each in later):
        probe.inconclusive(f"{_words(census)}; a second series: {len(again)} of {len(later)} failed")
    _judge(probe, census, [*bad, *again])


def _turns_away(probe: Probe, census: Census) -> None:
    """A balancer that has a dead replica in rotation says 503, or lets connections be refused, whenever it is met."""
    # Who is refused on a new connection may have asked for metadata, which comes first on it.
    told = [each.shown_by[name] for each in census.glances for name in (SERVER, METADATA, READINESS)]
    asked = [*told, *census.fresh, *census.kept]
    refused = [each for each in asked if turned_away(each)]
    slow = census.slowly() if refused else []
    again = [each for each in slow if turned_away(each)]
    lasts = len(again) >= FEW and any(each.ok for each in slow)
    said = f"{len(refused)} of {len(asked)} refused, and {len(again)} of {len(slow)} a second apart"
    reached = next((each for each in (*again, *slow) if each.answered), asked[0])
    probe.holds(
        not lasts, clause=AWAY, expected="inferences that are served, with no load",
        observed=f"{said} ({status_of(again[0])})" if lasts else said,
        exchange=reached, root=TURNED_AWAY,
    )  # fmt: skip


def _judge(probe: Probe, census: Census, bad: Sequence[Exchange]) -> None:
    unanswered = [each for each in bad if silent(each) and each.elapsed_s > HURRIED_SECONDS]
    failed = next((each for each in bad if not silent(each)), None)
    ready = [each.ready.ok for each in census.glances]
    said = f"{_words(census)}; ready on {sum(ready)} of {len(ready)} connections"
    probe.holds(
        len(unanswered) < SILENT, clause=HANG, expected="an answer to each in time", observed=said,
        exchange=unanswered[0] if unanswered else None, root=DEAD,
    )  # fmt: skip
    # A replica that says that it is not ready is for the balancer to leave out.
    if failed is not None or unanswered:
        probe.holds(
            not any(ready), clause=READY, expected="ready only where it infers", observed=said,
            exchange=failed or bad[0], root=DEAD,
        )  # fmt: skip


def _kept(census: Census) -> list[Exchange]:
    """What was lost on the kept connection, which is asked once for all checks."""
    if not census.kept:
        census.stay_on()
    return census.lost


def broken(exchange: Exchange) -> bool:
    """Whether an accepted inference came to nothing, and nothing says that it will do so only now."""
    if silent(exchange):
        return True
    if exchange.error is not None:
        return exchange.error.kind in ENDED
    if exchange.rpc is not None:
        return exchange.rpc.code in BROKEN_RPC
    return exchange.status in BROKEN


def turned_away(exchange: Exchange) -> bool:
    """Whether nobody took the request, and nothing says when somebody will."""
    if exchange.error is not None:
        return exchange.error.kind in ("connect", *ENDED) and not exchange.answered
    if exchange.rpc is not None:
        return exchange.rpc.code == UNAVAILABLE
    return exchange.status == 503 and exchange.header("Retry-After") is None


def _words(census: Census) -> str:
    """How many failed where, and how."""
    parts = []
    for where, asked in (("on new connections", census.fresh), ("on a kept one", census.kept)):
        bad = [each for each in asked if broken(each)]
        parts.append(f"{len(bad)} of {len(asked)} {where}")
    first = next(each for each in (*census.fresh, *census.kept) if broken(each))
    return f"failed: {', '.join(parts)} ({status_of(first)})"


def _lost_as(exchange: Exchange) -> str:
    index = exchange.connection.request_index if exchange.connection is not None else 0
    return f"request {index} of its connection ({exchange.error.kind if exchange.error else 'no answer'})"
