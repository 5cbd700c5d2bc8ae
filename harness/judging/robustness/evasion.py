"""One kind of attack on samples of a table: a search around each, successes seen twice, and what it comes to."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from harness.attacks.evolution import evolution
from harness.attacks.hop_skip import hop_skip
from harness.attacks.rays import rays
from harness.attacks.search import Attack, RowSearch, carry_out
from harness.attacks.square import square
from harness.attacks.toolbox import ToolboxMissing, toolbox_attack
from harness.budget import BudgetExhausted
from harness.bundle.attacks import AttackPoint, AttackSeen, ServiceReaction
from harness.bundle.robustness import PictureSeen
from harness.check import TesterFailed
from harness.judging.robustness.bench import Bench
from harness.judging.robustness.follow_ups import picture
from harness.judging.robustness.levels import share_seen
from harness.judging.robustness.spaces import AskedAbout, Noted, SpaceMaker
from harness.probing.decisions import Decided
from harness.robustness.attack_kinds import attack_kinds
from harness.robustness.attacks_declared import AttackTable
from harness.robustness.shares import Family, changed_share

# Budgets at which distances are told, as far as they are within the queries of a sample.
_TOLD_AT = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
# Rows within the limit that are asked about by chance before a search begins.
_NEAR_BY = 8
# Answers whose time is told, at the beginning and at the end.
_TIMED = 50
_OURS: dict[str, Callable[[float], Attack]] = {
    "hop-skip": lambda _: hop_skip,
    "rays": lambda _: rays,
    "square": square,
    "evolution": lambda _: evolution,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attack on one sample.

    Attributes:
        place: of the sample.
        search: as it ended.
        success: whether another decision was found within the limit, and seen twice; None where nothing can be said.
        before, after: what was said of the sample and of the nearest row when both were seen once more.
    """

    place: int
    search: RowSearch
    success: bool | None
    before: Decided | None = None
    after: Decided | None = None


@dataclass(frozen=True, slots=True)
class Attacked:
    """An attack on all samples that it is for.

    Attributes:
        attempts: one for each of them.
        wrong: samples that were passed over, since the model is wrong about them as they are.
        noted: what the attack met.
    """

    table: AttackTable
    attempts: list[Attempt]
    wrong: int
    noted: Noted

    @property
    def worst(self) -> Attempt | None:
        """The success that is nearest to its sample."""
        found = [each for each in self.attempts if each.success]
        return min(found, key=lambda each: each.search.distance, default=None)


def attack_of(table: AttackTable) -> Attack:
    """The attack that a table names.

    Raises:
        TesterFailed: it is of the toolbox, and that is not installed.
    """
    limit = table.limit or math.inf
    toolbox = attack_kinds()[table.kind].toolbox
    try:
        return _OURS[table.kind](limit) if toolbox is None else toolbox_attack(toolbox, limit)
    except ToolboxMissing as error:
        raise TesterFailed(f"{table.kind}: {error}") from None


def targets(on: Bench, table: AttackTable) -> tuple[list[int], int]:
    """Places of the samples that are attacked, and how many were passed over since the model is wrong about them."""
    found: list[int] = []
    wrong = 0
    for place in on.usable:
        if len(found) == table.most:
            break
        said = on.base[place]
        if on.table.label is not None and said is not None and said.decision != on.data.rows[place].label:
            wrong += 1
        else:
            found.append(place)
    return found, wrong


def attacked(on: Bench, table: AttackTable, keep: Callable[[Attacked], None]) -> None:
    """Attack the samples one after the other; ``keep`` is given what there is so far after each.

    Raises:
        TesterFailed: the attack, a feature or a unit is not to be had.
        BudgetExhausted: it does not reach.
    """
    attack, spaces = attack_of(table), SpaceMaker(on, table.features, table.unit)
    places, wrong = targets(on, table)
    found = Attacked(table, [], wrong, Noted())
    keep(found)
    for place in places:
        search = _search(on, table, spaces, place, found.noted)
        rng = np.random.default_rng([on.seed, zlib.crc32(f"{table.kind} {table.distance}".encode()), place])
        try:
            if on.base[place] is not None:
                carry_out(_first_near_by(attack, table.limit), search, rng)
            found.attempts.append(_seen_again(on, table, place, search))
        except ToolboxMissing as error:
            raise TesterFailed(f"{table.kind}: {error}") from None
        except BudgetExhausted:
            found.attempts.append(Attempt(place, search, None))
            raise


def _first_near_by(attack: Attack, limit: float | None) -> Attack:
    """The attack, after a few rows within the limit by chance: of a model that wavers, nothing more is needed."""

    def whole(search: RowSearch, rng: np.random.Generator) -> None:
        size = len(search.space.origin)
        if limit is not None and size:
            towards = rng.standard_normal((_NEAR_BY, size))
            by = np.linalg.norm(towards, axis=1) if search.norm == "l2" else np.abs(towards).max(axis=1)
            reach = 0.99 * limit * rng.random(_NEAR_BY)
            search.differ(search.space.origin + towards * (reach / by)[:, None])
        attack(search, rng)

    return whole


def _search(on: Bench, table: AttackTable, spaces: SpaceMaker, place: int, noted: Noted) -> RowSearch:
    own = on.base[place]
    others = [own is not None and said is not None and not on.same(own, said) for said in on.base]
    return RowSearch(
        AskedAbout(on, place, noted),
        spaces.around(place),
        "" if own is None else own.decision,
        on.rows[others],
        table.distance,
        table.queries,
    )


def _seen_again(on: Bench, table: AttackTable, place: int, search: RowSearch) -> Attempt:
    """The attempt, after its nearest row and the sample as it is were asked about once more, each alone."""
    own = on.base[place]
    if own is None:
        return Attempt(place, search, None)
    if search.best is None or (table.limit is not None and search.distance > table.limit):
        return Attempt(place, search, success=False)
    before = on.decider.alone(on.requests[place])
    after = on.decider.alone(on.decider.request(on.requests[place], search.best))
    if before is None or after is None or not on.same(own, before) or on.same(own, after):
        return Attempt(place, search, None, before, after)
    return Attempt(place, search, table.limit is not None, before, after)


def attack_seen(on: Bench, found: Attacked, family: Family, reaction: ServiceReaction) -> AttackSeen:
    """What goes on record of an attack; nothing is decided yet."""
    table, searches = found.table, [each.search for each in found.attempts]
    known = [each for each in found.attempts if each.success is not None]
    successes = sum(bool(each.success) for each in known)
    share = None
    if table.limit is not None:
        changed = np.array([bool(each.success) for each in known], dtype=np.bool_)
        clusters = on.clusters([each.place for each in known])
        missing = len(found.attempts) - len(known)
        share = share_seen(changed_share(changed, missing, table.max_success, family, clusters), family)
    worst = found.worst
    return AttackSeen(
        kind=table.kind,
        title=attack_kinds()[table.kind].title,
        techniques=attack_kinds()[table.kind].techniques,
        norm=table.distance,
        unit=table.unit,
        features=table.features,
        limit=table.limit,
        allowed=table.queries,
        samples=len(found.attempts),
        wrong=found.wrong,
        missing=len(found.attempts) - len(known),
        successes=successes if table.limit is not None else None,
        queries=sum(each.queries for each in searches),
        unanswered=sum(each.unanswered for each in searches),
        left_out=sum(each.left_out for each in searches),
        first=_whole(_median([each.steps[0].queries if each.steps else math.inf for each in searches])),
        curve=[_point(searches, queries, table.limit) for queries in _told_at(table.queries)],
        share=share,
        worst=None if worst is None else on.worst(worst.place, worst.before, worst.after),
        worst_distance=None if worst is None else worst.search.distance,
        picture=None if worst is None else _picture(on, worst),
        reaction=reaction,
        reason=table.reason,
    )


def _picture(on: Bench, worst: Attempt) -> PictureSeen | None:
    """The sample and its nearest row as pictures, where they are images."""
    image = on.table.domain.image
    if image is None or worst.search.best is None or image.elements != len(worst.search.best):
        return None
    return picture(
        on, worst.search.distance, worst.place, on.decider.request(on.requests[worst.place], worst.search.best)
    )


def times_of(found: Attacked) -> tuple[float | None, float | None]:
    """Medians of the time of the first and the last answers, in ms; None where there are too few."""
    times = found.noted.times
    if len(times) < 2 * _TIMED:
        return None, None
    return median(times[:_TIMED]), median(times[-_TIMED:])


def _told_at(most: int) -> list[int]:
    return [*(each for each in _TOLD_AT if each < most), most]


def _point(searches: Sequence[RowSearch], queries: int, limit: float | None) -> AttackPoint:
    """What there was after so many queries of each search."""
    distances = [
        min((step.distance for step in each.steps if step.queries <= queries), default=math.inf) for each in searches
    ]
    return AttackPoint(
        queries=queries,
        found=sum(map(math.isfinite, distances)),
        median=_finite(_median(distances)),
        within=None if limit is None else sum(each <= limit for each in distances),
    )


def _median(values: Sequence[float]) -> float:
    return median(values) if values else math.inf


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _whole(value: float) -> int | None:
    return round(value) if math.isfinite(value) else None
