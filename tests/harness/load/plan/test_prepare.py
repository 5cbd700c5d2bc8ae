"""The plan that locust makes for an endpoint by itself: over a small server, and over a trace."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from harness.load.locust import options
from harness.load.plan import prepare
from harness.load.plan.load_plan import LoadPlan
from harness.option import options_of
from tests.harness.load.runs import plan_of

METADATA = {"name": "m", "platform": "x", "inputs": [{"name": "a", "datatype": "FP32", "shape": [1]}], "outputs": []}


@contextmanager
def model(value: Callable[[int], Any]) -> Iterator[str]:
    """A server of one model; ``value`` gives the output of each of its answers."""
    asked = 0

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.say(METADATA)

        def do_POST(self) -> None:
            nonlocal asked
            asked += 1
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            output = {"name": "y", "datatype": "FP32", "shape": [1], "data": [value(asked)]}
            self.say({"model_name": "m", "id": body["id"], "outputs": [output], "parameters": {"number": asked}})

        def say(self, found: object) -> None:
            whole = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("value", "varies"), [(lambda _: 1.0, False), (lambda n: 1.0 + n * 1e-9, False), (float, True)]
)
def test_a_model_that_answers_otherwise_the_second_time_varies(value: Callable[[int], Any], varies: bool) -> None:
    with model(value) as url:
        (case,) = prepare.plan_for(prepare.PlanRequest(url=url, model="m")).cases
    assert case.has_id
    assert case.answer is not None
    assert case.varies is varies


def made(monkeypatch: pytest.MonkeyPatch, trace: Path, **given: Any) -> LoadPlan:
    """The plan of a locust command with a trace; the endpoint is left out."""
    monkeypatch.setattr(options, "_prepared", lambda _: msgspec.json.encode(plan_of(**given)))
    known = {each.name.replace("-", "_"): "" if each.default is None else each.default for each in options_of("locust")}
    parsed = SimpleNamespace(**{**known, "oip_trace": str(trace)})
    environment: Any = SimpleNamespace(parsed_options=parsed, host="http://127.0.0.1:1", user_classes=[])
    return options.plan_of(environment, 10.0, 2)


def test_a_recorded_trace_takes_the_place_of_a_rate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text("# seconds\n10.5\n10\n12.25\n", "utf-8")
    plan = made(monkeypatch, trace)
    assert plan.workload()[0].tolist() == [0, 500_000_000, 2_250_000_000]
    assert plan.workers == 2
    with pytest.raises(ValueError, match="are allowed"):
        made(monkeypatch, trace, max_rate=1.5, schedule=plan_of(rate=1).schedule)
    with pytest.raises(ValueError, match="cannot be read"):
        made(monkeypatch, tmp_path / "none")
