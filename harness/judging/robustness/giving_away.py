"""What answers give away of the model, against the limits that the policy declares. Indicators, not bounds."""

from __future__ import annotations

import math
import zlib

import msgspec
import numpy as np

from harness.attacks.giving_away import Copy, copied, exactness, questions, told_apart
from harness.bundle.attacks import AttacksSeen, GivenAwaySeen
from harness.check import TesterFailed
from harness.criteria import Criterion
from harness.judging.robustness.attacking import attacks_record
from harness.judging.robustness.bench import Bench, bench
from harness.judging.robustness.spaces import SpaceMaker
from harness.probing.decisions import Decided
from harness.probing.labelled import labelled, row_of
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.robustness.attacks_declared import ExtractionTable
from harness.robustness.declared import RobustnessTable
from harness.statistics.binomial import clopper_pearson
from harness.statistics.decision import Interval, LimitSide, decision

# Classes beyond which decisions are no classes but numbers.
_MOST_CLASSES = 100
_FEWEST = 10
_OF_COPIES, _OF_MEMBERS, _OF_SCORES = ["AML.T0024.002", "AML.T0005.001"], ["AML.T0024.000"], ["AML.T0063"]
_ROOTS = {"agreement": "copy-agrees", "told_apart": "training-rows-told-apart", "digits": "scores-too-exact"}


def judge_giving_away(probe: Probe, table: RobustnessTable) -> list[str]:
    """Train a copy, look at scores and at training rows, report what is decided, and give what is not, in words.

    Raises:
        TesterFailed: the samples cannot be read, scikit-learn is missing, or the policy asks for what there is not.
        BudgetExhausted: the budget does not reach.
    """
    wanted = table.extraction
    assert wanted is not None
    on = bench(probe, table)
    seen: list[tuple[GivenAwaySeen, Exchange | None]] = [_agreement(probe, on, wanted)]
    if table.scores is not None:
        seen.append(_digits(probe, on, wanted))
    if wanted.training is not None:
        seen.append(_told_apart(probe, on, wanted, wanted.training))
    decided = sum(each.limit is not None for each, _ in seen)
    record = msgspec.structs.replace(attacks_record(probe, on, decided), given_away=[each for each, _ in seen])
    probe.outcome.series.append(AttacksSeen(attacks=record))
    undecided = []
    for each, exchange in seen:
        probe.observe(each.words)
        if each.decision == "inconclusive":
            undecided.append(each.words)
        elif each.decision is not None:
            probe.repeated = exchange
            probe.holds(
                each.decision == "supports",
                clause=Criterion.DECLARED_CONFIDENTIALITY.clause,
                root=_ROOTS[each.kind],
                expected=f"{each.kind} at most {each.limit:g}, as declared",
                observed=each.words,
            )
    return undecided


def _answered(on: Bench) -> list[tuple[int, Decided]]:
    """Samples that are valid and answered alike twice."""
    return [(place, said) for place in on.usable if (said := on.base[place]) is not None]


def _agreement(probe: Probe, on: Bench, wanted: ExtractionTable) -> tuple[GivenAwaySeen, Exchange | None]:
    """Half of the samples teach a copy, with rows between them; the other half is held out."""
    answered = _answered(on)
    if len({said.decision for _, said in answered}) > _MOST_CLASSES:
        raise TesterFailed("a copy is of decisions between classes, and the model gives numbers")
    if len(answered) < _FEWEST:
        probe.inconclusive(f"{len(answered)} samples were answered alike twice, which teaches no copy")
    rng = np.random.default_rng([on.seed, zlib.crc32(b"extraction")])
    order = rng.permutation(len(answered))
    teach, held_out = ([answered[at] for at in sorted(part.tolist())] for part in np.array_split(order, 2))
    teach = teach[: wanted.queries]
    known = on.rows[[place for place, _ in teach]]
    space = SpaceMaker(on, [], "absolute").around(teach[0][0])
    asked, first = questions(space, known, max(0, wanted.queries - len(teach)), rng)
    said = on.decider.of_each([on.requests[teach[at][0]] for at in first.tolist()], asked)
    got = [at for at, each in enumerate(said) if each is not None]
    rows = np.concatenate([known, asked[got]])
    labels = [each.decision for _, each in teach] + [each.decision for each in said if each is not None]
    try:
        copy = copied(
            rows, labels, on.rows[[place for place, _ in held_out]], [each.decision for _, each in held_out], on.seed
        )
    except ImportError:
        raise TesterFailed("scikit-learn cannot be imported: pip install 'art15[accuracy]'") from None
    return _copy_seen(on, wanted, copy, len(teach) + len(said)), held_out[0][1].exchange


def _copy_seen(on: Bench, wanted: ExtractionTable, copy: Copy, queries: int) -> GivenAwaySeen:
    confidence = on.table.confidence
    bounds = clopper_pearson(copy.agreed, copy.rows, confidence)
    value, chance = copy.agreed / copy.rows, copy.constant / copy.rows
    words = (
        f"a copy ({copy.kind}) trained on {copy.trained_on} answers says the same as the model on {copy.agreed} of "
        f"{copy.rows} samples that it was not trained on ({_bounds(bounds)}); the most frequent answer alone on "
        f"{copy.constant}"
    )
    seen = GivenAwaySeen(
        kind="agreement", words=words, techniques=_OF_COPIES, queries=queries, rows=copy.rows, value=value,
        confidence=confidence, chance=chance, reason=wanted.reason,
    )  # fmt: skip
    return _held(seen, bounds, wanted.max_agreement)


def _digits(probe: Probe, on: Bench, wanted: ExtractionTable) -> tuple[GivenAwaySeen, Exchange | None]:
    answered = [said for _, said in _answered(on)]
    metadata = probe.model.over(on.table.transport).metadata
    types = {each.name: each.datatype for each in (metadata.outputs if metadata else ())}
    single = types.get(on.table.scores or "") in ("FP32", "FP16", "BF16")
    each_digits = [exactness(np.array([said.scores]), single=single).digits for said in answered]
    classes = len(answered[0].scores) if answered else 0
    digits = max(each_digits, default=0)
    words = f"{len(answered)} answers give scores of {classes} classes, with up to {digits} significant digits"
    # A number of digits is seen, and not estimated.
    bounds = Interval(digits, digits, on.table.confidence)
    seen = GivenAwaySeen(
        kind="digits", words=words, techniques=_OF_SCORES, queries=0, rows=len(answered), value=digits,
        confidence=on.table.confidence, reason=wanted.reason,
    )  # fmt: skip
    return _held(seen, bounds, wanted.max_digits), answered[each_digits.index(digits)].exchange if answered else None


def _told_apart(
    probe: Probe, on: Bench, wanted: ExtractionTable, training: str
) -> tuple[GivenAwaySeen, Exchange | None]:
    if on.table.scores is None:
        raise TesterFailed(f"robustness of {on.table.model}: training = needs scores =")
    data = labelled(probe, msgspec.structs.replace(on.table, data=training))
    route = probe.model.over(on.table.transport)
    said = on.decider.of_requests([row_of(route, data, row) for row in data.rows])
    members = np.array([max(each.scores) for each in said if each is not None])
    others = np.array([max(each.scores) for _, each in _answered(on)])
    area, bounds = told_apart(members, others, on.seed, on.table.confidence)
    words = (
        f"the highest score tells {len(members)} rows of the training data from {len(others)} others with an area "
        f"under the curve of {area:.4g} ({_bounds(bounds)}); 0.5 is chance"
    )
    seen = GivenAwaySeen(
        kind="told_apart", words=words, techniques=_OF_MEMBERS, queries=len(said), rows=len(members) + len(others),
        value=_number(area), confidence=on.table.confidence, chance=0.5, reason=wanted.reason,
    )  # fmt: skip
    return _held(seen, bounds, wanted.max_told_apart), next((each.exchange for each in said if each is not None), None)


def _held(seen: GivenAwaySeen, bounds: Interval, limit: float | None) -> GivenAwaySeen:
    """An indicator with its bounds, against its limit if there is one."""
    decided = None if limit is None else decision(bounds, limit, LimitSide.AT_MOST)
    return msgspec.structs.replace(
        seen, lower=_number(bounds.lower), upper=_number(bounds.upper), limit=limit, decision=decided
    )


def _bounds(bounds: Interval) -> str:
    if not math.isfinite(bounds.lower):
        return "without bounds"
    return f"bounds {bounds.lower:.4g} and {bounds.upper:.4g}, each at {bounds.confidence:g}"


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
