"""Cheap requests that exhaust the service; only with `--oip-allow stress`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.generate.members import with_data, with_members
from harness.judging.still_serves import alive, serving_before
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.wire.rawhttp import head, held

HANG, CRASH, HELD_UP = Criterion.NO_HANG.clause, Criterion.NO_CRASH.clause, Advice.SERVES_OTHERS.clause
# Hostile requests of one kind, how many at once, and how long one may take: their answers do not matter.
HOSTILE, AT_ONCE, HOSTILE_SECONDS = 16, 4, 3.0
OPENED = 48
BEFORE, DURING = 7, 5
# Held up means: this many times as long as before, and at least so many seconds. Two cores, several processes: a
# scheduler alone may cost a tenth of a second.
TIMES, SECONDS = 20, 2.0


@check(
    "security-cheap-requests-do-not-exhaust",
    duties=["A15-5-c", "A15-4-c"],
    criterion="while and after cheap hostile requests are sent, a valid request of another client is answered in time",
    per="model",
    criteria=[Criterion.NO_HANG, Criterion.NO_CRASH],
    advice=[Advice.SERVES_OTHERS],
    needs=["rest-infer-answers-200"],
    allow="stress",
    faults=["many-outputs-hang"],
    fix="Bound depth, digits, members and sizes before any work, and do the work apart from the event loop.",
)
def security_cheap_requests_do_not_exhaust(probe: Probe) -> None:
    """Cheap hostile requests of one client do not keep the service from others.

    Per kind 16 requests of at most some 100 kB, four at a time: a shape beyond memory, a number of 100 000 digits,
    deep nesting, very many outputs, very many members. Meanwhile and afterwards another client sends the valid
    request. After them it must be answered (criteria no-hang and no-crash, asked again for 10 s); meanwhile an answer
    that takes 20 times as long as before and more than two seconds is advice. MITRE ATLAS AML.T0029, AML.T0034.001.
    """
    serving_before(probe)
    usual = _usual(probe)
    for name, body in _hostile(probe):
        meanwhile = _while_flooded(probe, body)
        # An endpoint that is gone held up nobody: that is another finding.
        if not _serves_after(probe, name):
            return
        _judge(probe, name, usual, meanwhile)


@check(
    "security-open-connections-do-not-exhaust",
    duties=["A15-5-c", "A15-4-c"],
    criterion="while 48 connections wait with half a request, and after they close, another client is answered in time",
    per="model",
    criteria=[Criterion.NO_HANG, Criterion.NO_CRASH],
    advice=[Advice.SERVES_OTHERS],
    needs=["rest-infer-answers-200"],
    allow="stress",
    faults=["slow-sender-blocks-everybody"],
    fix="Bound the time for the head of a request, and let no waiting connection hold a worker.",
)
def security_open_connections_do_not_exhaust(probe: Probe) -> None:
    """Connections that wait do not keep the service from others.

    48 connections send half of a head or half of a body, and wait; another client sends the valid request. Then they
    close in the middle, and it is sent again. After them it must be answered (criteria no-hang, no-crash); meanwhile
    it is advice. MITRE ATLAS AML.T0029.
    """
    serving_before(probe)
    usual = _usual(probe)
    for name, start in _halves(probe):
        with held(probe.client, start, OPENED, seconds=HOSTILE_SECONDS) as kept:
            opened = sum(exchange.error is None for exchange in kept)
            if opened < OPENED // 2:
                probe.observe(f"{name}: only {opened} of {OPENED} connections were taken")
            meanwhile = _valid_ones(probe)
        if not _serves_after(probe, name):
            return
        _judge(probe, name, usual, meanwhile)


@dataclass(frozen=True, slots=True)
class _Timed:
    """A valid request's answer, and how long it took in seconds."""

    exchange: Exchange
    seconds: float


def _valid(probe: Probe) -> _Timed:
    begin = time.monotonic()
    exchange = probe.model.rest.infer(probe.accepted().request, fresh=True)
    return _Timed(exchange, time.monotonic() - begin)


def _usual(probe: Probe) -> float:
    """Median seconds of the valid request before anything hostile was sent."""
    return statistics.median(_valid(probe).seconds for _ in range(BEFORE))


def _hostile(probe: Probe) -> Iterator[tuple[str, bytes]]:
    request = probe.accepted().request
    digits = with_data(request, "DIGITS").replace(b'"DIGITS"', b"[" + b"9" * 100_000 + b"]")
    deep = with_data(request, "DEEP").replace(b'"DEEP"', b"[" * 50_000 + b"]" * 50_000)
    yield "a shape beyond memory", with_data(request, [1], shape=[1 << 20, 1 << 20])
    yield "a number of 100 000 digits", digits
    yield "nesting 50 000 deep", deep
    yield "5 000 outputs asked for", with_members(request, outputs=[{"name": f"o{n}"} for n in range(5000)])
    yield "5 000 parameters", with_members(request, parameters={f"p{n}": n for n in range(5000)})


def _while_flooded(probe: Probe, body: bytes) -> list[_Timed]:
    """The valid request, sent again and again while hostile ones are on their way."""

    def one(_: int) -> None:
        probe.model.rest.infer(body, fresh=True, timeout=HOSTILE_SECONDS)

    with probe.client.recorder.unwatched(), ThreadPoolExecutor(AT_ONCE) as pool:
        sent = [pool.submit(one, n) for n in range(HOSTILE)]
        found = _valid_ones(probe, lambda: not all(each.done() for each in sent))
        for each in sent:
            each.result()
    return found


def _valid_ones(probe: Probe, more: Callable[[], bool] = lambda: True) -> list[_Timed]:
    """The valid request one to five times, while ``more`` says so; two without an answer are enough."""
    found = [_valid(probe)]
    while len(found) < DURING and more():
        found.append(_valid(probe))
        if not any(timed.exchange.answered for timed in found[-2:]):
            break
    return found


def _judge(probe: Probe, name: str, usual: float, meanwhile: list[_Timed]) -> None:
    bound = max(TIMES * usual, SECONDS)
    slowest = max(meanwhile, key=lambda timed: timed.seconds)
    late = [timed for timed in meanwhile if timed.seconds > bound or not timed.exchange.answered]
    observed = f"meanwhile ({name}): {len(late)} of {len(meanwhile)} valid requests late or not answered, "
    observed += f"slowest {slowest.seconds:.1f} s ({clip(status_of(slowest.exchange), 80)}); usually {usual:.3f} s"
    # One late answer may be the machine's; half of them are not.
    probe.holds(
        len(late) * 2 <= len(meanwhile),
        clause=HELD_UP,
        expected=f"an answer within {bound:.1f} s",
        observed=observed,
        exchange=slowest.exchange,
        root=f"held-up-by:{name}",
    )


def _serves_after(probe: Probe, name: str) -> bool:
    """Whether the valid request is answered afterwards: no answer in time is a hang, no connection a crash."""
    seen = alive(probe)
    refused = seen.exchange.error is not None and seen.exchange.error.kind == "connect"
    return probe.holds(
        seen.problem is None,
        clause=CRASH if refused else HANG,
        expected="the valid request is answered again",
        observed=f"after {name}: {seen.problem or 'it is answered'}",
        exchange=seen.exchange,
        root=f"{seen.root}:{name}",
    )


def _halves(probe: Probe) -> Iterator[tuple[str, bytes]]:
    body = probe.accepted().request.to_bytes()
    path = probe.client.model_path(probe.model.name, probe.model.address, "infer")
    headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    whole = head(probe.client, "POST", path, headers)
    yield "half a head", whole[:-2]
    yield "half a body", whole + body[: len(body) // 2]
