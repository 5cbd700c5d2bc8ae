"""Names and labels of metrics, as servers write them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.probing.numbers import counts_failures, read_metrics, unit_of
from tests.harness.judging.passive.answers import rest

TRITON = """# HELP nv_inference_request_success Number of successful inference requests
# TYPE nv_inference_request_success counter
nv_inference_request_success{model="iris",version="1"} 3.000000
nv_inference_request_success{model="other",version="1"} 9
nv_inference_request_failure{model="iris",reason="OTHER",version="1"} 1
nv_inference_request_failure{model="iris",reason="CANCELED",version="1"} 1
process_resident_memory_bytes 1.5e+08
"""
BY_STATUS = """http_requests_total{path="/v2/models/iris/infer",status="200"} 5
http_requests_total{path="/v2/models/iris/infer",status="422"} 2
http_requests_total{path="/metrics",status="200"} 7
process_open_fds 12
nonsense{ 4
"""


class Client:
    """Gives one answer to everything."""

    def __init__(self, text: str, media: str = "text/plain") -> None:
        self.answer = rest(200, text.encode(), headers=(("Content-Type", media),))

    def send(self, *_: object, **__: object) -> Any:
        return self.answer


def read(text: str, media: str = "text/plain") -> Any:
    client: Any = Client(text, media)
    return read_metrics(client, "/metrics", "iris")


def test_counters_of_the_model_by_their_names() -> None:
    found = read(TRITON)
    assert found.counted == {
        ("success", "nv_inference_request_success"): 3,
        ("failure", "nv_inference_request_failure"): 2,
    }
    assert found.resources == {"process_resident_memory_bytes": 1.5e8}


def test_counters_by_a_label_that_holds_the_status() -> None:
    found = read(BY_STATUS)
    assert found.counted == {("success", "http_requests_total"): 5, ("failure", "http_requests_total"): 2}
    assert found.resources == {"process_open_fds": 12}


def test_counters_of_all_models_where_their_names_speak_of_inferences() -> None:
    found = read('infer_success_total 4\ninference_failures_total{reason="x"} 1\nrequests_success_total 9\n')
    assert found.counted == {("success", "infer_success_total"): 4, ("failure", "inference_failures_total"): 1}


@pytest.mark.parametrize(("text", "media"), [("", "text/plain"), (TRITON, "text/html"), ("{}", "application/json")])
def test_what_is_no_exposition_is_none(text: str, media: str) -> None:
    assert read(text, media) is None


def test_units_and_what_counts_failures() -> None:
    assert [unit_of(each) for each in ("process_open_fds", "process_threads")] == ["files", "threads"]
    assert not counts_failures("nv_inference_request_failure")
    assert counts_failures("http_requests_total")


def test_series_that_name_the_model_and_routes_of_all() -> None:
    route = 'rest_server_requests_total{path="/v2/models/{model_name}/infer",status_code="422"} 3\n'
    found = read(TRITON + route + route.replace("/infer", "").replace("422", "404"))
    assert found.counted["failure", "rest_server_requests_total"] == 3
    assert {key[1] for key in found.own} == {"nv_inference_request_success", "nv_inference_request_failure"}
    assert sum(value for key, value in found.own.items() if key[0] == "failure") == 2
