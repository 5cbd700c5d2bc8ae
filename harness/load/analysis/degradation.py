"""Beyond capacity: does the endpoint shed load cleanly or collapse, and how soon is its tail back afterwards?

Clean shedding is HTTP 429 or 503 with Retry-After (RFC 6585, RFC 9110), or gRPC RESOURCE_EXHAUSTED or UNAVAILABLE with
pushback, at once, while what is accepted is still answered in bounded time. Times out, resets, other errors and a
throughput that falls under overload are collapse.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from harness.load.analysis.percentiles import NANO
from harness.load.analysis.summary import Mask, response_of, tried_of
from harness.load.plan.load_plan import Transport
from harness.load.records.rows import Flag, Rows, Status
from harness.statistics.order import place

Manner = Literal["serves", "sheds", "sheds-silently", "queues", "collapses"]

HTTP_SHEDS = (429, 503)
GRPC_SHEDS = (8, 14)
# Too long a wait, or nobody behind the gateway. CANCELLED is what gRPC's own core answers to what has piled up,
# whatever the service does.
HTTP_WAITED, GRPC_WAITED = (408, 502, 504), (1, 4)


class Shedding(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the requests of an overload.

    Attributes:
        manner: ``serves``: nothing was refused and the tail is bounded, so it was no overload; ``sheds``: refuses with
            advice when to come back; ``sheds-silently``: without it; ``queues``: refuses nothing, or not enough, and
            latency grows beyond the bound; ``collapses``: other failures, or it answers far less than its capacity.
        sentence: for people.
        requests, accepted, refused, with_advice, broken: counts; ``broken`` is neither answered well nor refused.
        erred: those of the broken that were answered, at once or late, with an error that is no refusal and no timeout.
        accepted_tail_s: the percentile of the accepted, from the intended time.
        refusal_tail_s: the same of the refused: a refusal that takes long holds what it should free.
        bound_s: what the accepted tail may be.
        accepted_rate: requests intended in the stretch and answered well, whenever that was, by its seconds.
        capacity_share: that, as a share of the capacity that was found before; None: it is not known.
    """

    manner: Manner
    sentence: str
    requests: int
    accepted: int
    refused: int
    with_advice: int
    broken: int
    erred: int
    accepted_tail_s: float | None
    refusal_tail_s: float | None
    bound_s: float
    accepted_rate: float
    capacity_share: float | None


def refused_of(rows: Rows, transport: Transport) -> Mask:
    """Which requests were refused because there was too much to do; over gRPC also by a proxy, in HTTP."""
    refused = _answered(rows, Status.HTTP_ERROR, HTTP_SHEDS)
    return refused if transport == "http" else refused | _answered(rows, Status.GRPC_ERROR, GRPC_SHEDS)


def _erred(rows: Rows, transport: Transport) -> Mask:
    """Which requests got an error that neither says "later" nor tells of too long a wait."""
    error = (rows["status"] == Status.HTTP_ERROR) | (rows["status"] == Status.GRPC_ERROR)
    waited = _answered(rows, Status.HTTP_ERROR, HTTP_WAITED) | _answered(rows, Status.GRPC_ERROR, GRPC_WAITED)
    erred: Mask = error & ~waited & ~refused_of(rows, transport)
    return erred


def _answered(rows: Rows, status: Status, codes: tuple[int, ...]) -> Mask:
    found: Mask = (rows["status"] == status) & np.isin(rows["code"], codes)
    return found


def shedding_of(
    rows: Rows,
    *,
    transport: Transport,
    start_s: float,
    end_s: float,
    bound_s: float,
    percentile: float = 0.99,
    capacity: float | None = None,
    least_share: float = 0.5,
    broken_share: float = 0.01,
) -> Shedding | None:
    """What became of the requests intended in [start, end) seconds; None: there were none.

    ``bound_s`` is what the tail of the accepted may be (the policy's; a few times the service level), ``capacity`` the
    rate that passed, of which at least ``least_share`` must still be served, and ``broken_share`` the share of requests
    that may break otherwise.
    """
    rows = within(rows, start_s, end_s)
    if not len(rows):
        return None
    good, refused = rows["status"] == Status.OK, refused_of(rows, transport)
    response = response_of(rows)
    advice = int(np.count_nonzero(refused & (rows["flags"] & Flag.RETRY_AFTER != 0)))
    accepted, turned, total = int(good.sum()), int(refused.sum()), len(rows)
    rate, tail = accepted / (end_s - start_s), _tail(response[good], percentile)
    share = rate / min(capacity, total / (end_s - start_s)) if capacity else None
    broken, erred = total - accepted - turned, int(_erred(rows, transport).sum())
    advised = turned > 0 and advice == turned
    # A limit on the rate, told with each refusal, may well lie below what a burst got before.
    little = share is not None and share < least_share and not advised
    if broken > broken_share * total or not accepted or little:
        manner: Manner = "collapses"
    elif tail is not None and tail > bound_s:
        manner = "queues"
    elif not turned:
        manner = "serves"
    else:
        manner = "sheds" if advised else "sheds-silently"
    at = f"p{percentile * 100:g} {tail * 1e3:.0f} ms" if tail is not None else "none in time"
    return Shedding(
        manner=manner,
        sentence=f"of {total} requests {accepted} were answered ({at}), {turned} refused, {advice} of them with advice "
        f"when to come back, {broken} broken otherwise ({erred} of them answered with another error)",
        requests=total,
        accepted=accepted,
        refused=turned,
        with_advice=advice,
        broken=broken,
        erred=erred,
        accepted_tail_s=tail,
        refusal_tail_s=_tail(response[refused], percentile),
        bound_s=bound_s,
        accepted_rate=rate,
        capacity_share=share,
    )


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """How soon the tail was back after ``end_s``.

    Attributes:
        seconds: from the end of the overload until the first stretch from which the tail stays back for ``hold_s``;
            None: not within the records.
        watched_s: how long requests went on after the end.
        last_bad_s: end of the last bad stretch after the end, from the end; 0: there was none.
        sentence: for people.
    """

    seconds: float | None
    watched_s: float
    last_bad_s: float
    sentence: str


def recovery_of(
    rows: Rows,
    *,
    end_s: float,
    latency_s: float,
    percentile: float = 0.99,
    step_s: float = 0.5,
    hold_s: float = 3.0,
) -> Recovery | None:
    """How soon after ``end_s`` the percentile was within ``latency_s`` again; None: nothing was sent after it.

    Stretches of ``step_s`` (longer at a low rate: a stretch has about 20 requests or more) are bad where more requests
    are late or failed than the percentile allows, and one more. Resolution is a stretch. Where a stretch would be
    longer than ``hold_s``, it is the last request but one that was late or failed.
    """
    after = within(rows, end_s, math.inf)
    if not len(after):
        return None
    watched = float(after["intended"].max()) * NANO - end_s
    step = max(step_s, 20 * watched / len(after))
    if step > hold_s:
        return _recovery_of_few(after, end_s, watched, latency_s, percentile, hold_s)
    number = int(watched / step) + 1
    steps = np.minimum(((after["intended"] * NANO - end_s) / step).astype(np.int64), number - 1)
    late = (after["status"] != Status.OK) | (response_of(after) > round(latency_s / NANO))
    count, bad_count = np.bincount(steps, minlength=number), np.bincount(steps[late], minlength=number)
    bad = bad_count > np.floor(count * (1 - percentile) + 1e-9) + 1
    # One late request of very few says as much as two of many.
    bad |= (bad_count > 0) & (bad_count * 2 >= count)
    held = max(1, math.ceil(hold_s / step))
    back = _first_quiet(bad, held)
    last = (int(np.flatnonzero(bad)[-1]) + 1) * step if bad.any() else 0.0
    seconds = None if back is None else back * step
    said = f"not within {watched:.1f} s" if seconds is None else f"after {seconds:.1f} s"
    return Recovery(
        seconds=seconds,
        watched_s=watched,
        last_bad_s=last,
        sentence=f"p{percentile * 100:g} was within {latency_s * 1e3:g} ms again {said}; stretches of {step:.2g} s",
    )


def _recovery_of_few(
    after: Rows, end_s: float, watched: float, latency_s: float, percentile: float, hold_s: float
) -> Recovery:
    late = (after["status"] != Status.OK) | (response_of(after) > round(latency_s / NANO))
    times = np.sort(after["intended"][late]) * NANO - end_s
    last = float(times[-2]) if len(times) > 1 else 0.0
    seconds = last if watched - last >= hold_s else None
    said = f"not within {watched:.1f} s" if seconds is None else f"after {seconds:.1f} s"
    return Recovery(
        seconds=seconds,
        watched_s=watched,
        last_bad_s=last,
        sentence=f"all but one of the {len(after)} requests were within {latency_s * 1e3:g} ms (meant for "
        f"p{percentile * 100:g}) {said}",
    )


def within(rows: Rows, start_s: float, end_s: float) -> Rows:
    """Tried requests intended in [start, end) seconds."""
    times = rows["intended"] * NANO
    return tried_of(rows[(times >= start_s) & (times < end_s)])


def _first_quiet(bad: npt.NDArray[np.bool_], held: int) -> int | None:
    """The first stretch from which ``held`` in a row are good; at the end of the records, none are taken on trust."""
    if len(bad) < held:
        return None
    runs = np.convolve(bad, np.ones(held, np.int64), mode="valid")
    quiet = np.flatnonzero(runs == 0)
    return int(quiet[0]) if len(quiet) else None


def _tail(response: npt.NDArray[np.int64], percentile: float) -> float | None:
    if not len(response):
        return None
    at = place(len(response), percentile)
    return float(np.partition(response, at)[at]) * NANO
