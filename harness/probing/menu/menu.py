"""The menu of a model: which kinds of requests it takes, each asked alone and more than once."""

from __future__ import annotations

import contextlib
import itertools
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from harness.check import NotApplicable, Untestable
from harness.endpoint.rest_route import RestRoute
from harness.oracles.whole import OUTPUTS, STATUS, Deviation, WholeAnswer, deviations, rearranged
from harness.probing.baseline import PacedRoute, paced_route
from harness.probing.menu.answers import ANSWERED, whole
from harness.probing.menu.kinds import RequestKind, grpc_kinds, rest_kinds
from harness.probing.menu.values import Values, in_order
from harness.probing.probe import Probe
from harness.record.exchange import Exchange, Transport
from harness.wire.binary import EXTENSION
from harness.wire.messages import InferRequest
from harness.wire.reading import room_for_readings
from harness.wire.varied import vary

if TYPE_CHECKING:
    from harness.endpoint.grpc_route import GrpcRoute

VERSIONS = 2
# Ids of sequences of one step begin here, those of each kind in a room of their own.
SEQUENCES = 1 << 20
# A slow model is asked in so many kinds at least.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class KnownKind:
    """A kind of request with values of its own, and what it is answered alone.

    Attributes:
        values: that the model's requests of this kind are made from.
        due: the answer alone; None where nothing of it is compared.
        varies: aspects that differ from one time to the next, alone.
        seconds: that an answer takes alone.
        exchange: the answer that ``due`` was read from.
        rowwise: whether rows were seen to be answered alike in whatever order they come.
    """

    kind: RequestKind
    transport: Transport
    request: InferRequest
    due: WholeAnswer | None
    varies: frozenset[str]
    seconds: float
    exchange: Exchange
    rowwise: bool = False

    @property
    def name(self) -> str:
        """The kind, for people."""
        return self.kind.name

    @property
    def answered(self) -> bool:
        """Whether the model takes such requests."""
        return self.due is not None and self.due.members.get(STATUS) == ANSWERED

    def ask(self) -> Exchange:
        """Send it, with its own values."""
        return self.kind.send(self.request)

    def strayed(self, exchange: Exchange) -> list[Deviation]:
        """Where an answer to it differs from that alone; nothing where there is no answer."""
        found = whole(exchange)
        return [] if found is None or self.due is None else deviations(found, self.due, self.varies)

    def reordered(self, order: Sequence[int]) -> tuple[InferRequest, WholeAnswer, frozenset[str]]:
        """The request with its rows in another order, the answer due to it, and what of that is not known.

        Raises:
            LookupError: nothing of its answers is compared.
        """
        if self.due is None:
            raise LookupError(f"{self.name} has no answer")
        if not order or not self.answered:
            return self.request if not order else in_order(self.request, order), self.due, self.varies
        due, unknown = rearranged(self.due, order)
        if not self.rowwise:
            unknown = frozenset(f"data of {name!r}" for name in due.outputs)
        return in_order(self.request, order), due, self.varies | unknown


@dataclass(slots=True)
class Menu:
    """Kinds of requests of one model, with their answers alone.

    Attributes:
        kinds: over all transports, REST first, the plain one of each transport first.
        unsteady: kinds whose values differ from one time to the next although nothing else is asked: how, and where.
        values: by transport, those that requests are made from.
    """

    kinds: list[KnownKind] = field(default_factory=list)
    unsteady: list[tuple[KnownKind, Deviation]] = field(default_factory=list)
    values: dict[Transport, Values] = field(default_factory=dict)

    def over(self, *transports: Transport) -> list[KnownKind]:
        """The kinds over some transports; those over all for none."""
        return [each for each in self.kinds if not transports or each.transport in transports]


def menu_of(probe: Probe) -> Menu:
    """The menu of the model of this item, made once in a run."""
    found = probe.model.memory.find(Menu)
    if found is None:
        found = Menu()
        for transport in probe.model.routes:
            # What is wrong there is for the checks of that transport to say.
            with contextlib.suppress(Untestable):
                _compose(probe, found, paced_route(probe, transport))
        probe.model.memory.keep(found)
    return found


def _compose(probe: Probe, menu: Menu, way: PacedRoute) -> None:
    transport = way.route.transport
    values = menu.values[transport] = Values.of(way.base, way.route.metadata, probe.endpoint.seed)
    most, held, room = FEWEST, 0, room_for_readings()
    for number, kind in enumerate(map(_apart, _kinds(probe, way, values))):
        if number >= most:
            break
        one = _alone(menu, kind, transport, values)
        if one is None:
            probe.observe(f"{kind.name}: not taken, or not answered alike: not on the menu")
            continue
        held += len(one.exchange.request_body) + len(one.exchange.response_body)
        if held > room:
            probe.observe(f"{kind.name}: answers of so many bytes are not held: the menu ends before it")
            break
        if number == 0:
            way.seconds = one.seconds
            most = max(FEWEST, way.affordable(64) // 2)
        menu.kinds.append(one)
    if not any(each.transport == transport and each.answered for each in menu.kinds):
        return
    rowwise = _rowwise(menu, transport, values)
    menu.kinds[:] = [replace(each, rowwise=rowwise) if each.transport == transport else each for each in menu.kinds]
    if transport == "rest":
        menu.kinds.extend(_of_another_model(probe, menu))


def _kinds(probe: Probe, way: PacedRoute, values: Values) -> Iterator[RequestKind]:
    outputs = list(way.route.outputs(way.route.accepted().exchange))
    versions = probe.model.metadata.versions[-VERSIONS:] if probe.model.metadata else ()
    if isinstance(way.route, RestRoute):
        binary = probe.endpoint.extension(EXTENSION)
        return rest_kinds(way.route, outputs, versions, batches=values.batches, binary=binary)
    return grpc_kinds(cast("GrpcRoute", way.route), outputs, versions, batches=values.batches)


def _apart(kind: RequestKind) -> RequestKind:
    """The kind, with a sequence of its own for each request that is one whole sequence: two of one id may not meet."""
    numbers = itertools.count(SEQUENCES + (zlib.crc32(kind.name.encode()) % SEQUENCES << 10))

    def send(request: InferRequest) -> Exchange:
        given = request.parameters or {}
        alone = bool(given.get("sequence_start") and given.get("sequence_end"))
        own = isinstance(given.get("sequence_id"), int) and alone
        return kind.send(vary(request, parameters={"sequence_id": next(numbers)}) if own else request)

    return replace(kind, send=send)


def _alone(menu: Menu, kind: RequestKind, transport: Transport, values: Values) -> KnownKind | None:
    """A kind with its answer alone, asked twice, and twice more where that differs; None where it is no use."""
    request = values.fresh(kind.rows or values.rows)
    if not kind.judged:
        return KnownKind(kind, transport, request, None, frozenset(), 0.0, kind.send(request))
    found = _twice(kind, request)
    if found is not None and found[2]:
        # What came before may be at work in the first: what is answered from then on counts.
        found = _twice(kind, request)
    if found is None:
        return None
    due, exchange, differing = found
    if kind.valid and due.members[STATUS] != ANSWERED:
        return None
    varies = frozenset(each.aspect for each in differing)
    one = KnownKind(kind, transport, request, due, varies, exchange.elapsed_s, exchange)
    menu.unsteady.extend((one, each) for each in differing if each.aspect.startswith("data of "))
    return None if varies & {STATUS, OUTPUTS} else one


def _twice(kind: RequestKind, request: InferRequest) -> tuple[WholeAnswer, Exchange, list[Deviation]] | None:
    """The second of two answers, and where it differs from the first; None where one is missing."""
    # Where the values have no such form, nothing is sent.
    with contextlib.suppress(ValueError):
        first, exchange = whole(kind.send(request)), kind.send(request)
        second = whole(exchange)
        if first is not None and second is not None:
            return second, exchange, deviations(second, first)
    return None


def _rowwise(menu: Menu, transport: Transport, values: Values) -> bool:
    """Whether the plain request is answered row by row the same where its rows come in another order."""
    plain = next(each for each in menu.kinds if each.transport == transport)
    if not values.batches or not plain.answered:
        return False
    rows = plain.kind.rows or values.rows
    request, due, but = replace(plain, rowwise=True).reordered(values.order(rows))
    found = whole(plain.kind.send(request))
    if found is None:
        return False
    return not any(each.aspect.startswith("data of ") for each in deviations(found, due, but))


def _of_another_model(probe: Probe, menu: Menu) -> Iterator[KnownKind]:
    """A request to another model under test, which is asked as REST's plain one is."""
    for other in probe.endpoint.models:
        if other is probe.model:
            continue
        with contextlib.suppress(Untestable, NotApplicable):
            route = other.rest
            values = Values.of(route.accepted().request, route.metadata, probe.endpoint.seed)
            kind = RequestKind("a request to another model", route.ask, twin=False)
            if (one := _alone(menu, kind, "rest", values)) is not None:
                yield one
                return
