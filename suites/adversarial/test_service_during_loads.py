"""Service goes on while models are loaded and unloaded (Art. 15(1), 15(4)); with permission."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.check import check
from harness.criteria import Advice, Criterion
from harness.endpoint.models import ModelUnderTest
from harness.judging.mixed_up import REPORTED, SAME, report, strayed_from
from harness.judging.repository import accepts, load, loadable, named_by_index, unloaded, until, with_reserve
from harness.oracles.isolation import MixedUpAnswer
from harness.probing.concurrent import together
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.probing.traffic import Side, broke, lost, refused_cleanly, sides_of, traffic
from harness.record.exchange import Exchange

HANG, SERVES = Criterion.NO_HANG.clause, Advice.KEEPS_SERVING.clause
CRITERIA = (Criterion.NO_LEAK, Criterion.SAME_ANSWER, Criterion.NO_HANG)
ROOT, GAP = "loading-disturbs-service", "loading-interrupts-service"
# A model that is not there for as long as so many usual answers, and so many seconds, is missed by its clients.
# A server may as well let them wait, for a second more.
USUAL, GAP_SECONDS, WAIT_SECONDS = 10, 0.2, 1.0
BACK_SECONDS = 25.0


@dataclass(slots=True)
class _Seen:
    """What was not as usual while something changed, each with words and exchange."""

    wrong: list[tuple[str, MixedUpAnswer, Exchange]]
    broken: list[tuple[str, Exchange]]
    lost: list[tuple[str, Exchange]]
    gap: float
    words: str
    missed: Exchange | None

    @property
    def odd(self) -> bool:
        return bool(self.wrong or self.broken or self.lost or self.missed)


@check(
    "adversarial-serves-while-loading",
    duties=["A15-1-d", "A15-4-b", "A15-4-d"],
    criteria=CRITERIA,
    advice=[Advice.KEEPS_SERVING],
    criterion="while a model is loaded again, twice at once, or another one is, requests are answered as before",
    allow="repository",
    needs=["repository-load-loaded"],
    faults=[
        "reload-goes-on-after-its-answer",
        "reload-answers-500-meanwhile",
        "two-loads-at-once-mix-weights",
        "reload-drops-calls",
    ],
    fix="Load the new state beside the old one, and switch requests over when it is ready.",
)
def adversarial_serves_while_loading(probe: Probe) -> None:
    """Service goes on while models are loaded.

    Known requests go out at a steady pace over each transport while the last model under test that infers is loaded
    again, then twice at once; and, where another model under test infers, requests to that one while this one is
    unloaded and loaded. Each answer is that of the model before; or the model is refused as not there just now (4xx,
    429, 502, 503, 504; of calls any code but UNKNOWN, INTERNAL and DATA_LOSS), and for how long is measured: more than
    0.2 s and ten usual answers, twice, warn, as does an answer that takes a second and ten usual ones longer. A wrong
    answer, another 5xx, and none at all fail, where they come again in a second round, and not while nothing is
    loaded. Refusals for too many requests speak of a limit, which requests to load count against as well: they are
    noted alone. The model is loaded at the end, whatever happens.
    """
    model = named_by_index(probe)
    loadable(probe, model, BACK_SECONDS)
    own = replace(probe, on_model=model)
    sides = sides_of(own)
    quiet = _during(probe, sides, "while nothing was loaded", lambda: None)
    other = next((each for each in reversed(probe.endpoint.models) if each is not model and accepts(each)), None)
    _change(probe, sides, quiet, "loaded again", lambda: [load(probe, model.name)])
    _change(probe, sides, quiet, "loaded twice at once", lambda: together(lambda _: load(probe, model.name), range(2)))
    if other is not None:
        others = sides_of(replace(probe, on_model=other))
        calm = _during(probe, others, "while nothing was loaded", lambda: None)
        _change(probe, others, calm, "left alone, and another one unloaded and loaded", lambda: _cycle(probe, model))
    back, _ = until(probe, model, ready=True, seconds=BACK_SECONDS)
    if not back:
        probe.untestable(f"model {model.name!r} was loaded again, and could NOT BE BROUGHT BACK: please load it")
    for each in (*CRITERIA, Advice.KEEPS_SERVING):
        if not probe.outcome.violations:
            probe.holds(True, clause=each.clause, expected="answers as before, or a short refusal", observed="")


def _cycle(probe: Probe, model: ModelUnderTest) -> list[Exchange]:
    with unloaded(probe, model, BACK_SECONDS) as absence:
        pass
    return [each for each in (absence.unload, absence.load) if each is not None]


def _change(
    probe: Probe, sides: Sequence[Side], quiet: _Seen, what: str, change: Callable[[], Sequence[Exchange]]
) -> None:
    """Requests while something changes; what is odd is asked for a second time."""
    with_reserve(probe)
    words = f"while the model was {what}"
    first = _during(probe, sides, words, change)
    if first.odd:
        _judge(probe, quiet, first, _during(probe, sides, words, change))


def _during(probe: Probe, sides: Sequence[Side], words: str, change: Callable[[], Sequence[Exchange] | None]) -> _Seen:
    with traffic(probe, sides):
        made = change() or ()
    seen = _Seen([], [], [], 0.0, "", None)
    for side in sides:
        _look(seen, side, words)
    if made:
        count = sum(len(side.asked) for side in sides)
        slowest = max(side.slowest().elapsed_s for side in sides)
        gap = max(side.gap()[0] for side in sides)
        probe.observe(
            f"{words} ({', '.join(status_of(each) for each in made)}; {sum(each.elapsed_s for each in made):.2g} s): "
            f"{count} requests, the slowest {slowest:.2g} s, none answered for {gap:.2g} s at most"
        )
    return seen


def _look(seen: _Seen, side: Side, words: str) -> None:
    for own, exchange in side.asked:
        label = f"{side.way.name}, {words}"
        if lost(exchange):
            seen.lost.append((label, exchange))
        elif broke(exchange):
            seen.broken.append((label, exchange))
        elif not refused_cleanly(exchange):
            strayed = strayed_from(side.way, side.ones, own, exchange)
            if strayed is not None:
                seen.wrong.append((label, strayed, exchange))
    slowest, usual = side.slowest(), USUAL * side.way.seconds
    for seconds, shown, least in ((*side.gap(), GAP_SECONDS), (slowest.elapsed_s, slowest, WAIT_SECONDS)):
        if seconds > max(least, usual) and seconds > seen.gap and not (shown is not None and _too_many(shown)):
            seen.gap, seen.words, seen.missed = seconds, f"{side.way.name}, {words}", shown


def _too_many(exchange: Exchange) -> bool:
    """Whether an answer speaks of how many requests there are, and not of the model."""
    return exchange.status == 429 or (exchange.rpc is not None and exchange.rpc.name == "RESOURCE_EXHAUSTED")


def _judge(probe: Probe, quiet: _Seen, first: _Seen, again: _Seen) -> None:
    """What comes in both rounds, and not while nothing was loaded."""
    if again.wrong and not quiet.wrong:
        for label, strayed, exchange in first.wrong[:REPORTED]:
            report(probe, strayed, label, exchange, changed=ROOT)
    for clause, once, twice, without, expected in (
        (SAME, first.broken, again.broken, quiet.broken, "an answer as before, or a refusal for the moment"),
        (HANG, first.lost, again.lost, quiet.lost, "an answer, or a refusal for the moment"),
    ):
        if once and twice and not without:
            label, exchange = twice[0]
            observed = f"{label}: {status_of(exchange)} ({len(once)} times, then {len(twice)} times)"
            probe.holds(False, clause=clause, expected=expected, observed=observed, exchange=exchange, root=ROOT)
    if probe.outcome.violations:
        return
    if first.missed is not None and again.missed is not None and quiet.missed is None:
        observed = f"{again.words}: {status_of(again.missed)}, and no outputs for {min(first.gap, again.gap):.2g} s"
        probe.holds(False, clause=SERVES, expected="no more than a short refusal", observed=observed,
                    exchange=again.missed, root=GAP)  # fmt: skip
