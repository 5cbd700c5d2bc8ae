"""What the records of a run say, in numbers: three clocks, errors, rates, and what other tools would have printed.

``response`` runs from the intended time, ``service`` from the real sending, ``send lag`` is the difference; they always
appear together. Every request that was tried is judged, and one that failed counts as later than any limit: an endpoint
cannot improve its percentiles by refusing. Only requests the tester never tried are left out; they are its own failure.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from harness.load.analysis.percentiles import (
    NANO,
    SHOWN,
    Percentile,
    Values,
    curve,
    dependence,
    percentiles_of,
)
from harness.load.analysis.series import Series, grouped, series_of
from harness.load.plan.load_plan import LoadPlan
from harness.load.records.rows import ABSENT, Flag, Merged, Rows, Status
from harness.statistics.order import RANK_RULE

Mask = npt.NDArray[np.bool_]

DELAYED_NS = 1_000_000
"""perf_analyzer calls a request delayed that it sent more than this after its time."""
MOST_CASES = 200


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """One latency, in seconds.

    Attributes:
        count: values behind the percentiles.
        never: requests that count as slower than all values (failed ones); 0 where only good answers are meant.
        percentiles: with their intervals.
        mean, worst: of the values; None where there are none.
        curve: the distribution for a plot.
    """

    count: int
    never: int
    percentiles: tuple[Percentile, ...]
    mean: float | None
    worst: float | None
    curve: tuple[tuple[float, float], ...] = ()


class ErrorCount(msgspec.Struct, frozen=True, kw_only=True):
    """Failed requests of one kind: status class and HTTP or gRPC code, where the first and the last were intended."""

    kind: str
    code: int
    count: int
    first_s: float
    last_s: float
    first_index: int


class CaseSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The requests of one case."""

    name: str
    requests: int
    ok: int
    late: int
    response: tuple[Percentile, ...]


class OtherTools(msgspec.Struct, frozen=True, kw_only=True):
    """What tools that coordinate with the endpoint would have printed of the same answers. Not the truth.

    Attributes:
        alone: service times of requests sent while nothing else was outstanding, as one closed-loop user sees them.
        from_send: service times of all good answers, as perf_analyzer counts them at a request rate.
        delayed_share: of all sent, those sent more than 1 ms late; perf_analyzer warns above 1 %.
    """

    alone: Clock
    from_send: Clock
    delayed_share: float


class LoadSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One run after the warm-up. Times in seconds, rates per second.

    Attributes:
        seconds: judged time, in a closed loop until its last answer.
        planned: requests intended in it; tried: those that were sent or failed in the attempt.
        ok: answered well; late: tried, and not answered well within the service level's latency.
        late_without_lag: the same if the tester's own lag is taken off each response.
        wrong: answers that were not this request's or not right.
        response: of good answers, from the intended time; response_all: with failed ones as never.
        service, send_lag: of good answers, from sending; of all sent, sending after the intended time.
        own_lag: the part of the send lag that is the tester's: not waiting for a connection.
        dependence: bunching of late requests (:func:`harness.load.analysis.percentiles.dependence`).
        completed_rate: LoadGen's headline, (n - 1) good answers by the time of the last.
    """

    rank_rule: str = RANK_RULE
    limit_s: float
    seconds: float
    planned: int
    tried: int
    ok: int
    late: int
    late_without_lag: int
    wrong: int
    response: Clock
    response_all: Clock
    service: Clock
    send_lag: Clock
    own_lag: Clock
    dependence: float | None
    planned_rate: float
    tried_rate: float
    ok_rate: float
    goodput: float
    completed_rate: float | None
    errors: tuple[ErrorCount, ...]
    cases: tuple[CaseSummary, ...]
    other_tools: OtherTools
    series: Series


def summarise(merged: Merged, plan: LoadPlan) -> LoadSummary:
    """All numbers of one run; a million requests take about a second."""
    start = round(plan.warm_up_s / NANO)
    intended, _ = plan.workload()
    rows = merged.rows[merged.rows["intended"] >= start] if start else merged.rows
    planned = int(np.count_nonzero(intended >= start)) if plan.schedule is not None else len(rows)
    tried = tried_of(rows)
    good = tried["status"] == Status.OK
    response, own = response_of(tried), own_lag_of(tried)
    limit = round(plan.level.latency_s / NANO)
    late = ~good | (response > limit)
    seconds = _judged_seconds(rows, plan)
    ascending = np.sort(response[good])
    service = clock_of(np.sort(_service(tried)[good]))
    return LoadSummary(
        limit_s=plan.level.latency_s,
        seconds=seconds,
        planned=planned,
        tried=len(tried),
        ok=len(ascending),
        late=int(late.sum()),
        late_without_lag=int((~good | (response - own > limit)).sum()),
        wrong=int(((tried["status"] == Status.WRONG_ID) | (tried["status"] == Status.WRONG_ANSWER)).sum()),
        response=clock_of(ascending),
        response_all=clock_of(ascending, never=len(tried) - len(ascending)),
        service=service,
        send_lag=clock_of(np.sort((tried["sent"] - tried["intended"])[tried["sent"] != ABSENT])),
        own_lag=clock_of(np.sort(own)),
        dependence=dependence(late),
        planned_rate=planned / seconds,
        tried_rate=len(tried) / seconds,
        ok_rate=len(ascending) / seconds,
        goodput=float((~late).sum()) / seconds,
        completed_rate=_completed_rate(tried["done"][good], start),
        errors=errors_of(tried),
        cases=_cases_of(tried, response, late, plan),
        other_tools=_other_tools(tried, good, service),
        series=series_of(merged.rows, intended, plan.seconds),
    )


def _judged_seconds(rows: Rows, plan: LoadPlan) -> float:
    """A closed loop ends with what was under way: counting that, but not its time, would make a slow server fast."""
    planned = max(plan.seconds - plan.warm_up_s, NANO)
    done = rows["done"][rows["status"] == Status.OK]
    return planned if plan.schedule is not None or not len(done) else max(planned, float(done.max()) * NANO)


def tried_of(rows: Rows) -> Rows:
    """The rows of requests that the tester sent, or failed to send through no fault of its own."""
    tried = rows["status"] != Status.NEVER_SENT
    return rows if tried.all() else rows[tried]


def response_of(rows: Rows) -> Values:
    """Nanoseconds from the intended time to the end of the answer, or to giving up."""
    response: Values = rows["done"] - rows["intended"]
    return response


def own_lag_of(rows: Rows) -> Values:
    """The tester's own part of the send lag, in ns.

    Up to the sending, but where a request waited for a connection only until the tester took it up: how long the
    endpoint takes to accept or to answer others is not the tester's lag.
    """
    waited = (rows["flags"] & (Flag.NEW_CONNECTION | Flag.QUEUED) != 0) | (rows["sent"] == ABSENT)
    lag: Values = np.where(waited, rows["taken"], rows["sent"]) - rows["intended"]
    return np.maximum(lag, 0)


def response_without_lag_of(rows: Rows) -> Values:
    """The response as it would have been had the tester been on time, in ns."""
    response: Values = response_of(rows) - own_lag_of(rows)
    return response


def _service(rows: Rows) -> Values:
    service: Values = rows["done"] - rows["sent"]
    return service


def clock_of(ascending: Values, *, never: int = 0) -> Clock:
    """A clock from ascending nanoseconds."""
    some = len(ascending) > 0
    return Clock(
        count=len(ascending),
        never=never,
        percentiles=percentiles_of(ascending, SHOWN, never=never) if some or never else (),
        mean=float(ascending.mean()) * NANO if some else None,
        worst=float(ascending[-1]) * NANO if some else None,
        curve=curve(ascending),
    )


def errors_of(rows: Rows) -> tuple[ErrorCount, ...]:
    """Failed requests by kind and code, most first."""
    bad = rows[rows["status"] != Status.OK]
    kinds, firsts, which = np.unique(
        bad["status"].astype(np.uint32) << np.uint32(16) | bad["code"], return_index=True, return_inverse=True
    )
    last = np.zeros(len(kinds), np.int64)
    np.maximum.at(last, which, bad["intended"])
    counts = np.bincount(which, minlength=len(kinds))
    found = [
        ErrorCount(
            kind=Status(int(kind) >> 16).name.lower(),
            code=int(kind) & 0xFFFF,
            count=int(count),
            first_s=float(bad["intended"][first]) * NANO,
            last_s=float(end) * NANO,
            first_index=int(bad["index"][first]),
        )
        for kind, first, end, count in zip(kinds, firsts, last, counts, strict=True)
    ]
    return tuple(sorted(found, key=lambda error: -error.count))


def _completed_rate(done: Values, start: int) -> float | None:
    """LoadGen's "completed samples per second"."""
    return (len(done) - 1) / max(float(done.max() - start) * NANO, NANO) if len(done) > 1 else None


def _cases_of(tried: Rows, response: Values, late: Mask, plan: LoadPlan) -> tuple[CaseSummary, ...]:
    """Per case, those with most requests first; the rest of very many is left out."""
    good, case = tried["status"] == Status.OK, tried["case"].astype(np.int64)
    requests = np.bincount(case, minlength=len(plan.cases))
    number = len(requests)
    late_of = np.bincount(case[late], minlength=number)
    ordered, first, count = grouped(case[good], response[good], number)
    return tuple(
        CaseSummary(
            name=plan.cases[each].name if each < len(plan.cases) else f"case {each}",
            requests=int(requests[each]),
            ok=int(count[each]),
            late=int(late_of[each]),
            response=percentiles_of(ordered[first[each] : first[each] + count[each]]) if count[each] else (),
        )
        for each in np.argsort(-requests, kind="stable")[:MOST_CASES].tolist()
    )


def _other_tools(tried: Rows, good: Mask, service: Clock) -> OtherTools:
    was_sent = np.flatnonzero(tried["sent"] != ABSENT)
    sent, done = tried["sent"][was_sent], tried["done"][was_sent]
    order = np.argsort(sent, kind="stable")
    sent_then, done_then = sent[order], done[order]
    alone = good[was_sent][order]
    # Alone is what was sent after everything before it was done.
    alone[1:] &= np.maximum.accumulate(done_then)[:-1] <= sent_then[1:]
    delayed = sent - tried["intended"][was_sent] > DELAYED_NS
    return OtherTools(
        alone=clock_of(np.sort((done_then - sent_then)[alone])),
        from_send=service,
        delayed_share=float(delayed.mean()) if len(delayed) else 0.0,
    )
