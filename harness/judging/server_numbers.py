"""Whether the server's own numbers say what it did: counts of inferences, and what it goes on holding after work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, pairwise

from harness.budget import MEBIBYTE
from harness.check import NotApplicable, Untestable
from harness.criteria import Advice
from harness.generate.mutations import Mutation
from harness.judging.grpc_refusals import grpc_mistakes
from harness.judging.refusals import mutations_of
from harness.probing.numbers import Numbers, Role, counts_failures, unit_of
from harness.probing.probe import Probe
from harness.probing.replies import refused
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.waiting import wait
from harness.wire.duplex import Piece
from harness.wire.rawhttp import head, send_raw

COUNTERS, RESOURCES = Advice.TRUE_COUNTERS.clause, Advice.STEADY_RESOURCES.clause
# So many valid requests, so many refused ones; no divisor of each other, so that they are told apart.
VALID, REFUSED = 7, 5
QUIET_SECONDS, LONG_QUIET_SECONDS, SETTLING_SECONDS = 0.05, 0.5, 1.5
# Refusals may be counted nowhere: they are waited for less.
REFUSED_SECONDS = 0.3
# Requests of one block of work, and blocks; the first is for what is made once and kept.
WORK, BLOCKS = 8, 4
# Blanks before a body: no part of its value, and held by who holds bodies.
BLANKS = b" " * (64 * 1024)
LEAST_MEMORY = MEBIBYTE // 4
EXPECTED = "as much as was sent"
# Clauses of mistakes in the name of the model or its version.
OF_OTHERS = ("GRPC-ERR-01", "VERS-02")

Read = Callable[[], Numbers | None]
Counts = Mapping[tuple[Role, str], float]


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests of which counts are looked at: one that is answered, some that are refused; each is sent when called."""

    valid: Callable[[], Exchange]
    wrong: Sequence[Callable[[], Exchange]]


def over_rest(probe: Probe) -> Counted:
    """Requests over REST."""
    route, request = probe.model.rest, probe.accepted().request
    mistakes = [each for each in mutations_of(probe) if not each.permitted and not each.tolerated][: 2 * REFUSED]
    bad = [each for each in mistakes if refused(route.mistake(each))][:REFUSED]
    return Counted(lambda: route.infer(request), [partial(route.send_mistake, each) for each in bad])


def over_grpc(probe: Probe) -> Counted:
    """Calls over gRPC."""
    route = probe.model.grpc
    accepted = route.accepted()
    # What names another model or version is not counted for this one.
    made = (
        each
        for each in grpc_mistakes(probe, in_turn=True)
        if not each.mutation.permitted and not each.mutation.tolerated and each.mutation.clause not in OF_OTHERS
    )
    bad = [each.exchange.request_body for each in islice(made, 2 * REFUSED) if refused(each.exchange)][:REFUSED]

    def again(body: bytes) -> Exchange:
        with meant("invalid"):
            return probe.grpc.call("ModelInfer", body)

    return Counted(lambda: route.infer(accepted.request, accepted.form), [partial(again, each) for each in bad])


def counts_agree(probe: Probe, source: str, read: Read, sent: Counted) -> None:
    """Cases of one source: valid requests are counted as successes, refused ones as failures, neither as the other.

    What is wrong is measured once more, after a longer quiet: others may send requests as well.
    """
    found = _measured(probe, source, read, sent, QUIET_SECONDS)
    wrong = {root for root, good, _, _ in found if not good}
    if wrong:
        found = _measured(probe, source, read, sent, LONG_QUIET_SECONDS)
    for root, good, observed, exchange in found:
        probe.holds(good or root not in wrong, clause=COUNTERS, expected=EXPECTED, observed=observed,
                    exchange=exchange, root=root)  # fmt: skip


def _measured(
    probe: Probe, source: str, read: Read, sent: Counted, quiet: float
) -> list[tuple[str, bool, str, Exchange]]:
    """Root cause, whether it holds, words and exchange of each property of each count."""
    before = _quiet(probe, source, read, quiet)
    valid = sum(sent.valid().ok for _ in range(VALID))
    middle = _settled(probe, read, before, valid, SETTLING_SECONDS)
    wrong = sum(refused(send()) for send in sent.wrong)
    last = _settled(probe, read, middle, wrong, REFUSED_SECONDS)
    found = []
    for key in before.counted:
        by_valid = middle.counted.get(key, 0.0) - before.counted[key]
        by_wrong = last.counted.get(key, 0.0) - middle.counted.get(key, 0.0)
        moved = f"{source}, {key[1]}: {by_valid:g} for {valid} valid requests, {by_wrong:g} for {wrong} refused ones"
        found += [(*each, moved, last.exchange) for each in _judged(probe, key, (valid, by_valid), (wrong, by_wrong))]
        if key[0] != "failure":
            most = _most(key, before, middle)
            once = not (valid and most >= 2 * valid and most % valid == 0 and _stays(read, last, quiet))
            found.append(("inferences-counted-again", once, moved, last.exchange))
    return found


def _most(key: tuple[Role, str], before: Numbers, after: Numbers) -> float:
    """By how much the series of one name that name the model have moved at most."""
    own = (each for each in after.own if each[:2] == key)
    return max((after.own[each] - before.own.get(each, 0.0) for each in own), default=0.0)


def _stays(read: Read, last: Numbers, seconds: float) -> bool:
    """Whether nobody else is counted: what is read stays as it is."""
    wait(seconds)
    again = read()
    return again is not None and again.counted == last.counted


def _judged(
    probe: Probe, key: tuple[Role, str], valid: tuple[int, float], wrong: tuple[int, float]
) -> list[tuple[str, bool]]:
    """Root causes of one count, and whether each is absent; others may send as well, so that more is counted."""
    role, name = key
    (sent, by_valid), (bad, by_wrong) = valid, wrong
    if role == "requests":
        return [("inferences-not-counted", by_valid >= sent)]
    if role == "success":
        return [("refused-counted-as-success", not bad or by_wrong < bad), ("inferences-not-counted", by_valid >= sent)]
    found = [("answered-counted-as-failure", by_valid < sent)]
    if counts_failures(name):
        found.append(("failures-not-counted", by_wrong >= bad))
    elif by_wrong < bad:
        # What is refused before it reaches a model may be counted elsewhere, or nowhere.
        probe.observe(f"{name}: {by_wrong:g} of {bad} refusals are counted as failures", COUNTERS)
    return found


def _quiet(probe: Probe, source: str, read: Read, seconds: float) -> Numbers:
    """A reading that stays as it is while nothing is sent; others, or several processes that answer, end the check."""
    first = read()
    wait(seconds)
    again = read()
    if first is None or again is None or again.counted != first.counted:
        probe.inconclusive(f"{source}: the counts move while nothing is sent, or several processes answer")
    return again


def _settled(probe: Probe, read: Read, before: Numbers, most: int, seconds: float) -> Numbers:
    """A reading after work: counts may be taken after the answer, so that it is waited until they have moved."""
    last, waited = read(), 0.0
    while last is not None and _moved(before.counted, last.counted) < most and waited < seconds:
        wait(QUIET_SECONDS)
        waited += QUIET_SECONDS
        last = read()
    if last is None:
        probe.inconclusive("the numbers cannot be read any more")
    return last


def _moved(before: Counts, now: Counts) -> float:
    return max((now.get(key, 0.0) - value for key, value in before.items()), default=0.0)


@dataclass(frozen=True, slots=True)
class Work:
    """A fixed amount of work of one kind, done in one block.

    Attributes:
        size: bytes that one block sends.
    """

    kind: str
    block: Callable[[int], object]
    size: int


def resources_steady(probe: Probe, read: Read) -> None:
    """One case for each kind of work and each number: it does not rise with every block by what the block is large."""
    for work in _works(probe):
        readings = [_resources(probe, read)]
        for number in range(BLOCKS):
            work.block(number)
            readings.append(_resources(probe, read))
            if number and not any(_grows(work, name, readings) for name in readings[0].resources):
                break
        for name in readings[0].resources:
            values = ", ".join(f"{each.resources.get(name, 0.0):.9g}" for each in readings)
            observed = f"{name}, before and after blocks of {WORK} requests, {work.kind}: {values}"
            probe.holds(not _grows(work, name, readings), clause=RESOURCES, expected="no growth with the work",
                        observed=observed, exchange=readings[-1].exchange,
                        root=f"grows-with-work:{unit_of(name)}")  # fmt: skip


def _grows(work: Work, name: str, readings: Sequence[Numbers]) -> bool:
    """Whether each block has added to a number; the first may make what is made once."""
    values = [each.resources.get(name, 0.0) for each in readings[1:]]
    least = max(LEAST_MEMORY, work.size / 2) if unit_of(name) == "memory" else WORK / 2
    return all(after - before >= least for before, after in pairwise(values))


def _resources(probe: Probe, read: Read) -> Numbers:
    """A reading once connections that were closed have gone."""
    wait(QUIET_SECONDS)
    found = read()
    if found is None:
        probe.inconclusive("the metrics cannot be read any more")
    return found


def _works(probe: Probe) -> list[Work]:
    client, model, route = probe.client, probe.model, probe.model.rest
    body = BLANKS + route.body_of(route.accepted().request)
    size = WORK * len(body)
    path = client.model_path(model.name, model.address, "infer")

    def each(send: Callable[[int], object]) -> Callable[[int], object]:
        return lambda block: [send(block * WORK + number) for number in range(WORK)]

    def given_up(_: int) -> None:
        headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
        send_raw(client, [Piece(head(client, "POST", path, headers) + body, 0.005)], hang_up=True)

    found = [
        Work("valid", each(lambda _: client.infer(model.name, body, model.address, fresh=True)), size),
        Work("given up", each(given_up), size),
    ]
    bad = next((mutation for mutation in mutations_of(probe) if refused(route.mistake(mutation))), None)
    if bad is not None:
        found.append(Work("refused", each(lambda _: _mistake(probe, bad)), WORK * len(BLANKS)))
    if _takes_batches(probe):
        requests = {rows: next(iter(route.candidates(rows)), None) for rows in range(1, WORK * BLOCKS + 1)}
        found.append(Work("each of a new shape", each(lambda number: _shaped(probe, requests[number + 1])), 0))
    return found


def _mistake(probe: Probe, bad: Mutation) -> object:
    return probe.client.infer(probe.model.name, BLANKS + bad.body, probe.model.address, fresh=True)


def _shaped(probe: Probe, request: object) -> object:
    return None if request is None else probe.model.rest.infer(request)  # type: ignore[arg-type]


def _takes_batches(probe: Probe) -> bool:
    try:
        probe.model.rest.batch(2)
    except (NotApplicable, Untestable):
        return False
    return True
