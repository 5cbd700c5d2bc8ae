"""How many requests are given up, and when."""

from __future__ import annotations

import itertools

import pytest

from harness.probing.giving_up import GRPC_STREAM_WAYS, GRPC_WAYS, MOST, REST_WAYS, STREAM_WAYS, GivingUp, Way

ALL = (*REST_WAYS, *GRPC_WAYS, *STREAM_WAYS, *GRPC_STREAM_WAYS)


def giving_up(usual: float, *, times: float = 1.0, most: int = MOST) -> tuple[GivingUp, list[tuple[float, ...]]]:
    sent: list[tuple[float, ...]] = []

    def send(_: Way, waits: tuple[float, ...]) -> list[object]:
        sent.append(waits)
        return []

    return GivingUp(send, usual, most, times), sent  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ALL, ids=lambda way: way.words)
@pytest.mark.parametrize("count", [1, 2, 7, 16, 128])
def test_each_request_of_a_way_is_given_up_once(way: Way, count: int) -> None:
    waves = list(way.waves(0.01, count, 10))
    assert sum(map(len, waves)) == count
    assert max(map(len, waves)) <= 10


@pytest.mark.parametrize("way", [each for each in ALL if each.until and not each.answered], ids=lambda way: way.words)
def test_moments_are_spread_over_the_usual_time(way: Way) -> None:
    waits = sorted(itertools.chain(*way.waves(0.1, 16, MOST)))
    assert waits[-1] == pytest.approx(0.1 * way.until)
    assert max(after - before for before, after in itertools.pairwise(waits)) < 0.02


def test_a_quick_endpoint_loses_as_many_as_a_pool_is_large_and_a_slow_one_a_few() -> None:
    for ways in (REST_WAYS, GRPC_WAYS):
        quick, slow, slowest = (giving_up(usual)[0] for usual in (0.001, 0.5, 30.0))
        assert sum(map(quick.count, quick.ways_of(ways))) >= 64
        assert sum(map(slow.count, slow.ways_of(ways))) <= len(ways)
        assert sum(map(slowest.count, slowest.ways_of(ways))) <= 2


def test_under_stress_each_way_is_taken_more_often_in_as_many_at_a_time() -> None:
    giving, sent = giving_up(0.001, times=8.0, most=20)
    way = next(way for way in REST_WAYS if way.words == "given up once they were sent")
    assert giving.once(way) == 8 * way.count == sum(map(len, sent))
    assert max(map(len, sent)) == 20
