"""Clients that hang up in the middle of a request leave nothing behind for others (Art. 15(4), 15(5))."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.check import check
from harness.criteria import Criterion
from harness.judging.mixed_up import REPORTED, SAME, report, strayed_from
from harness.judging.still_serves import alive, serving, serving_before
from harness.oracles.isolation import MixedUpAnswer
from harness.probing.baseline import BaselineAnswer, PacedRoute, excused, known, paced_route, varies_alone
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.waiting import wait
from harness.wire.duplex import Piece
from harness.wire.rawhttp import head, send_raw

ROOT = "disconnect-leaves-traces"
# Part of the body that is sent before the connection is closed; None closes it within the head, 1.0 after everything.
CUTS = (0.5, 1.0, 0.0, None, 0.99)
AFTERWARDS = 3
# A slower model sees each way to hang up once.
QUICK_ENOUGH = 0.05


@dataclass(slots=True)
class _Round:
    """What requests got in one round, where it was not the answer of the request alone."""

    strayed: list[tuple[str, MixedUpAnswer, Exchange]] = field(default_factory=list)
    refused: list[tuple[str, Exchange]] = field(default_factory=list)


@check(
    "adversarial-answers-after-disconnect",
    duties=["A15-4-b", "A15-4-d", "A15-5-h"],
    criteria=[Criterion.NO_LEAK, Criterion.SAME_ANSWER, Criterion.NO_CRASH],
    criterion="after clients that hang up in the middle of a request, others get the answers they got before",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["disconnect-poisons-next"],
    fix="Drop what a closed connection left behind: its buffers, its slot in the batch, its pending answer.",
)
def adversarial_answers_after_disconnect(probe: Probe) -> None:
    """A client that hangs up leaves nothing behind for others.

    Connections are closed within the head, after it, in the middle of the body, before its last byte, and after the
    whole request without waiting for the answer. After each, other requests follow on new and on kept connections;
    their answers are compared with those before. A wrong answer or a refusal counts only if the same round without
    anybody hanging up shows none, and, unless it shows what belongs to another request, only if a second round with
    hanging up shows one again.
    """
    way = paced_route(probe, "rest")
    ones = known(probe, way, 4)
    serving_before(probe)
    usual = _round(probe, way, ones, hang_up=False)
    first = _round(probe, way, ones, hang_up=True)
    if any(not exchange.answered for _, exchange in first.refused):
        serving(probe, alive(probe), "after clients that hung up")
    if not (first.strayed or first.refused):
        report(probe, None, "", ones[0].exchange)
        probe.observe(f"{len(CUTS)} ways to hang up, {len(_cuts(way)) * AFTERWARDS} requests after them")
        return
    again = _round(probe, way, ones, hang_up=True)
    later = _round(probe, way, ones, hang_up=False)
    strayed_without, refused_without = usual.strayed or later.strayed, usual.refused or later.refused
    for label, strayed, exchange in first.strayed[:REPORTED]:
        if not strayed_without and (again.strayed or strayed.leaked):
            report(probe, strayed, label, exchange, changed=ROOT)
    if again.refused and not refused_without:
        for label, exchange in first.refused[:REPORTED]:
            observed = f"{label}: {status_of(exchange)}; again in a second round, and never without hanging up"
            probe.holds(False, clause=SAME, expected="200, as before", observed=observed, exchange=exchange, root=ROOT)
    if not probe.outcome.violations:
        report(probe, None, "", ones[0].exchange)
        what = (first.strayed or first.refused)[0][0]
        probe.observe(f"something odd {what}, which did not come again or comes without hanging up as well")


def _round(probe: Probe, way: PacedRoute, ones: Sequence[BaselineAnswer], *, hang_up: bool) -> _Round:
    """Somebody hangs up, or sends a whole request, in each way; requests of others after each."""
    found = _Round()
    for turn, cut in enumerate(_cuts(way)):
        if hang_up:
            _hang_up(probe, ones[turn % len(ones)], cut)
        else:
            way.route.ask(ones[turn % len(ones)].request, fresh=True)
        label = f"after a client hung up {_where(cut)}"
        for step in range(AFTERWARDS):
            own = (turn + 1 + step) % len(ones)
            exchange = way.route.ask(ones[own].request, fresh=step == 1)
            if excused(exchange):
                found.refused.append((label, exchange))
                if not exchange.answered:
                    return found
                continue
            strayed = strayed_from(way, ones, own, exchange)
            if strayed is not None and not (len(found.strayed) < REPORTED and varies_alone(way, ones[own])):
                found.strayed.append((label, strayed, exchange))
    return found


def _cuts(way: PacedRoute) -> tuple[float | None, ...]:
    return CUTS * 3 if way.seconds < QUICK_ENOUGH else CUTS


def _hang_up(probe: Probe, one: BaselineAnswer, cut: float | None) -> None:
    path = probe.client.model_path(probe.model.name, probe.model.address, "infer")
    body = one.request.to_bytes()
    headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    start = head(probe.client, "POST", path, headers)
    data = start[: len(start) // 2] if cut is None else start + body[: int(cut * len(body))]
    send_raw(probe.client, [Piece(data, 0.005)], hang_up=True)
    # The endpoint may need a moment to notice.
    wait(0.01)


def _where(cut: float | None) -> str:
    if cut is None:
        return "within the head"
    return "before its answer" if cut == 1.0 else f"after {cut:.0%} of the body"
