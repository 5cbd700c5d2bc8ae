"""The formula that `benchmarks/truth.py` is held against, beside a server that is simulated request by request."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.stalling import EVERY_S, FROZEN_S, quantile, responses, scatter
from harness.load.plan.schedule import arrivals, constant, poisson
from harness.statistics.order import place

Floats = npt.NDArray[np.float64]
SERVICE_S = 20e-6
PERIODS = 20
SHIFT_S = 1.234  # a run begins anywhere in the period


def simulated(times: Floats) -> Floats:
    """Response times of one server, first come, first served; it begins nothing while it stands still."""
    free, found = 0.0, []
    for time in times.tolist():
        begin = max(time, free)
        if begin % EVERY_S < FROZEN_S:
            begin += FROZEN_S - begin % EVERY_S
        free = begin + SERVICE_S
        found.append(free - time)
    return np.array(found)


def at(values: Floats, p: float) -> float:
    return float(np.sort(values)[place(len(values), p)])


@pytest.mark.parametrize("p", [0.5, 0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("kind", ["constant", "Poisson"])
def test_the_formula_is_what_a_simulated_server_shows(kind: str, p: float) -> None:
    rate = 200.0
    schedule = (constant if kind == "constant" else poisson)(rate, PERIODS * EVERY_S)
    times = arrivals(schedule, seed=15) + SHIFT_S
    # What gathered during a freeze is then served in turn; evenly spaced arrivals hit a phase only every 1 / rate.
    queue = 2 * rate * FROZEN_S * SERVICE_S
    room = 4 * scatter(p, len(times)) if kind == "Poisson" else 1 / rate
    seen = at(simulated(times), p)
    assert seen == pytest.approx(quantile(p), abs=room + queue)
    assert seen == pytest.approx(at(responses(times), p), abs=queue)


def test_the_share_that_waits_is_that_of_the_freeze() -> None:
    waiting = responses(np.arange(0.0005, EVERY_S, 0.001))
    assert (waiting > 0).mean() == pytest.approx(FROZEN_S / EVERY_S)
    assert waiting.max() == pytest.approx(FROZEN_S, abs=0.001)
    assert quantile(1.0) == FROZEN_S
    assert quantile(0.99) == pytest.approx(0.45)
    assert quantile(0.5) == 0.0


def test_the_scatter_of_a_quantile_is_that_of_many_simulated_runs() -> None:
    many = np.random.default_rng(15).uniform(0, EVERY_S, (1_000, 4_000))
    found = np.sort(responses(many), axis=1)[:, place(4_000, 0.99)]
    assert found.std() == pytest.approx(scatter(0.99, 4_000), rel=0.1)
