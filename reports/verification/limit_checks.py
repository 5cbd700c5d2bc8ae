"""Whether every limit that a record was held to is one that the policy of the plan declares for its model.

A limit is looked up by what it is of: the metric and its side, the kind of change, attack or relation, and the
confidence of its table. Both sides are gone through once: plan and journal of a stranger may have very many of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.bundle.accuracy import AccuracyRecord
from harness.bundle.attacks import AttacksRecord
from harness.bundle.robustness import RobustnessRecord
from reports.journal.state import JournalState

Row = Mapping[str, Any]
Key = tuple[object, ...]
# What a limit is of, the limit, its confidence, and what the policy may declare it by.
Used = tuple[str, float, float, tuple[Key, ...]]

_SIDES = {"at_least": "at least", "at_most": "at most"}
_RELATIONS = ("invariance", "monotonicity", "outside")
_INDICATORS = {"agreement": "max_agreement", "told_apart": "max_told_apart", "digits": "max_digits"}
_CONFIDENCE = 0.95
# So much of the name of a class is compared: a journal cuts long ones.
_COMPARED = 1000


def limit_contradictions(recorded: JournalState) -> Iterator[str]:
    """Limits that something was held to and that the policy does not declare of the model, a sentence each."""
    policy = recorded.plan.policy
    accuracy = _declared(policy, "accuracy")
    for scored in recorded.accuracy:
        yield from _undeclared(accuracy, scored, _of_accuracy(scored))
    robustness = _declared(policy, "robustness")
    for changed in recorded.robustness:
        yield from _undeclared(robustness, changed, _of_robustness(changed))
    for attacked in recorded.attacks:
        yield from _undeclared(robustness, attacked, _of_attacks(attacked))


def _undeclared(
    declared: Mapping[Key, set[Key]],
    record: AccuracyRecord | RobustnessRecord | AttacksRecord,
    used: Iterator[Used],
) -> Iterator[str]:
    mine = [declared[each] for each in _names(record.model, record.transport) if each in declared]
    for what, limit, confidence, by in used:
        if not any(key in keys for keys in mine for key in by):
            yield f"declares no limit of {limit:g} at confidence {confidence:g} for {what:.40} of {record.model!r:.80}"


def _names(model: str, transport: str) -> set[Key]:
    """What a policy may call a model: a record names the version too, and tells two of one name apart by a number."""
    every = {model, model.rpartition(" (")[0]}
    every |= {part for each in every for part in (each.partition(":")[0], each.rpartition(":")[0])}
    return {(each, transport) for each in every if each}


def rows_of(table: Row, name: str) -> list[Row]:
    """The rows of a table of a policy, as far as they are some."""
    rows = table.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _declared(policy: Row, table: str) -> dict[Key, set[Key]]:
    """The limits that the policy declares, by model and transport."""
    found: dict[Key, set[Key]] = {}
    for row in rows_of(policy, table):
        keys = found.setdefault((str(row.get("model")), str(row.get("transport", "rest"))), set())
        keys.update(_levels(row) if table == "accuracy" else _limits(row))
    return found


def _levels(row: Row) -> Iterator[Key]:
    for level in rows_of(row, "declared"):
        metric, confidence = str(level.get("metric")), _number(level.get("confidence", _CONFIDENCE))
        about = f"k = {level.get('k', 5)}" if metric == "top_k_accuracy" else str(level.get("positive") or "")
        for name, side in _SIDES.items():
            if (limit := _number(level.get(name))) is None:
                continue
            for grouped in (False, True) if level.get("each_group") is True else (False,):
                yield metric, about[:_COMPARED], grouped, side, limit, confidence


def _of_accuracy(record: AccuracyRecord) -> Iterator[Used]:
    for seen in record.metrics:
        if seen.limit is not None:
            key = (seen.metric, seen.about[:_COMPARED], seen.group is not None, seen.side, seen.limit, seen.confidence)
            yield seen.metric, seen.limit, seen.confidence, (key,)


def _limits(row: Row) -> Iterator[Key]:
    """Limits of one ``[[robustness]]`` table."""
    confidence = _number(row.get("confidence", _CONFIDENCE))
    for change in rows_of(row, "perturbation"):
        sizes = change.get("at")
        for name in ("max_changed", "max_drop"):
            for size in sizes if isinstance(sizes, list) and sizes else (None,):
                yield str(change.get("kind")), name, _number(size), _number(change.get(name)), confidence
    for kind in _RELATIONS:
        for relation in rows_of(row, kind):
            yield kind, _number(relation.get("max_violations", 0)), confidence
    for attack in rows_of(row, "attack"):
        kind = str(attack.get("kind", "hop-skip"))
        yield "attack", kind, _number(attack.get("limit")), _number(attack.get("max_success")), confidence
    certified, extraction = row.get("certified"), row.get("extraction")
    if isinstance(certified, dict):
        yield "certified", _number(certified.get("radius")), _number(certified.get("min_share")), confidence
    if isinstance(extraction, dict):
        for kind, name in _INDICATORS.items():
            yield "extraction", kind, _number(extraction.get(name)), confidence


def _of_robustness(record: RobustnessRecord) -> Iterator[Used]:
    for curve in record.curves:
        for level in curve.levels:
            for name, share in (("max_changed", level.share), ("max_drop", level.drop)):
                if share is None or share.limit is None:
                    continue
                for at in {record.confidence, share.confidence}:
                    by = tuple((curve.kind, name, size, share.limit, at) for size in (None, level.size))
                    yield curve.kind, share.limit, at, by
    for seen in record.relations:
        key = (seen.kind, seen.max_violations, seen.confidence)
        yield seen.kind, seen.max_violations, seen.confidence, (key,)


def _of_attacks(record: AttacksRecord) -> Iterator[Used]:
    for seen in record.attacks:
        if seen.share is not None and seen.share.limit is not None:
            for at in {record.confidence, seen.share.confidence}:
                key: Key = ("attack", seen.kind, seen.limit, seen.share.limit, at)
                yield seen.kind, seen.share.limit, at, (key,)
    certified = record.certified
    if certified is not None and certified.share is not None and certified.share.limit is not None:
        limit, at = certified.share.limit, certified.share.confidence
        yield "certified", limit, at, (("certified", certified.radius, limit, at),)
    for given in record.given_away:
        if given.limit is not None:
            key = ("extraction", given.kind, given.limit, given.confidence)
            yield given.kind, given.limit, given.confidence, (key,)


def _number(value: object) -> int | float | None:
    """A number of a policy; ``false`` is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
