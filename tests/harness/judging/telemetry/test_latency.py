"""What durations may say of inferences that a client has timed."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from harness.judging.telemetry.latency import CONTRADICTORY, TOO_LONG, _moved, _problems
from harness.probing.telemetry.latencies import Latency, read_latencies
from tests.harness.judging.passive.answers import rest

SEEN = [0.02] * 7
RIGHT = {0.001: 0.0, 0.01: 3.0, 0.1: 7.0, inf: 7.0}


def wrong(moved: Latency) -> set[str]:
    return {root for root, words in _problems(moved, SEEN) if words}


@pytest.mark.parametrize(
    ("total", "buckets", "roots"),
    [
        (0.08, RIGHT, set()),
        (0.08, {}, set()),
        (80.0, {0.1: 0.0, 100.0: 7.0, inf: 7.0}, {TOO_LONG}),
        (80.0, {}, {TOO_LONG}),
        # Seven of a second and more, as buckets have it, and a sum that does not say so.
        (0.08, {0.1: 0.0, 1.0: 0.0, 10.0: 7.0, inf: 7.0}, {CONTRADICTORY}),
        (0.08, {**RIGHT, inf: 6.0}, {CONTRADICTORY}),
        (0.08, {**RIGHT, 0.1: 2.0}, {CONTRADICTORY}),
        # All within a second; none of them took half a second, whatever the sum leaves open.
        (0.28, {0.1: 7.0, 0.5: 7.0, inf: 7.0}, set()),
        (0.2, {0.03: 0.0, 0.2: 7.0, inf: 7.0}, {CONTRADICTORY}),
        (0.21, {0.03: 0.0, 0.2: 7.0, inf: 7.0}, set()),
    ],
)
def test_sums_and_buckets(total: float, buckets: dict[float, float], roots: set[str]) -> None:
    assert wrong(Latency(1.0, total, 7.0, buckets)) == roots


def test_a_series_that_went_back_says_nothing() -> None:
    assert _moved(Latency(1.0, 5.0, 9.0), Latency(1.0, 1.0, 2.0)) is None
    assert _moved(Latency(1.0, 5.0), Latency(1.0, 5.0)) is None


TEXT = """nv_inference_request_duration_us{model="iris",version="1"} 12650
nv_inference_request_duration_us{model="echo",version="1"} 1
model_infer_request_duration_sum{model="iris",version="None"} 0.25
model_infer_request_duration_count{model="iris",version="None"} 4.0
model_infer_request_duration_bucket{model="iris",version="None",le="0.005"} 1
model_infer_request_duration_bucket{model="iris",version="None",le="+Inf"} 4
request_predict_seconds_sum{model_name="iris"} 1.5
request_predict_seconds_count{model_name="iris"} 3
inference_cpu_seconds_sum{model="iris"} 9
process_cpu_seconds_total 2.49
rest_server_request_duration_seconds_sum{path="/v2/models/{model_name}/infer",status_code="200"} 0.5
rest_server_request_duration_seconds_sum{path="/v2/models/{model_name}/infer",status_code="404"} 0.7
inference_duration_sum{model="iris"} 4
"""


def test_durations_as_servers_write_them() -> None:
    class Client:
        def send(self, *_: object) -> Any:
            return rest(200, TEXT.encode(), headers=(("Content-Type", "text/plain"),))

    client: Any = Client()
    found = read_latencies(client, "/metrics", "iris")
    assert found is not None
    assert {name.partition("{")[0]: each.total for name, each in found.series.items()} == {
        "nv_inference_request_duration_us": pytest.approx(0.01265), "model_infer_request_duration": 0.25,
        "request_predict_seconds": 1.5, "rest_server_request_duration_seconds": 0.5,
    }  # fmt: skip
    (mlserver,) = [each for name, each in found.series.items() if name.startswith("model_infer")]
    assert (mlserver.count, mlserver.buckets) == (4, {0.005: 1, inf: 4})
