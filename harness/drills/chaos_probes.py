"""Probes for experiments of Chaos Toolkit, as its ``python`` provider takes them.

    {"type": "probe", "name": "no request fails", "tolerance": 0,
     "provider": {"type": "python", "module": "harness.drills.chaos_probes", "func": "failed_requests",
                  "arguments": {"url": "http://127.0.0.1:8080", "model": "iris"}}}

Each sends what it needs by itself, and gives one value for a tolerance. What the tester could not do is an exception,
and so a probe that failed, never a value.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import httpx

from harness.drills import executions as counted
from harness.load.analysis.load_run import LoadRun
from harness.load.launch import run_load
from harness.load.plan.prepare import PlanRequest, plan_for

NEVER_S = 86_400.0
"""What :func:`p99` gives where more than one request in a hundred was never answered well."""
# Without these, every planned request was sent and its answer waited for, whatever the time.
_ONLY_TIME = {"lag", "lag-decides", "cpu", "samples"}
_TIMEOUT_S = 10.0


class ProbeFailed(Exception):
    """The tester could not do its part: no word about the endpoint."""


def failed_requests(
    url: str,
    model: str = "",
    *,
    version: str = "",
    rate: float = 50.0,
    seconds: float = 2.0,
    timeout_s: float = 3.0,
    headers: dict[str, str] | None = None,
) -> int:
    """How many of the requests of an open loop were not answered well.

    Args:
        url: ``http``, ``https``, ``grpc`` or ``grpcs``.
        model: by default the first one that the endpoint lists.
        headers: sent with each request.
    """
    run = _run(url, model, version, rate, seconds, timeout_s, headers)
    _check(run, allowed=_ONLY_TIME)
    return run.summary.tried - run.summary.ok


def p99(
    url: str,
    model: str = "",
    *,
    version: str = "",
    rate: float = 50.0,
    seconds: float = 4.0,
    timeout_s: float = 3.0,
    headers: dict[str, str] | None = None,
) -> float:
    """Seconds within which 99 of 100 requests of an open loop are answered; one that fails never is."""
    run = _run(url, model, version, rate, seconds, timeout_s, headers)
    _check(run, allowed={"samples"})
    found = next((each for each in run.summary.response_all.percentiles if each.percentile == 0.99), None)
    return NEVER_S if found is None or found.value is None else found.value


def executed_twice(executions: str) -> int:
    """How many ids stand more than once where the service lists what it executed (a file, or an address)."""
    return counted.executed_twice(counted.read_executions(executions))


def ready(url: str, model: str = "", *, headers: dict[str, str] | None = None) -> bool:
    """Whether the server, or the model, says that it is ready (REST)."""
    path = f"/v2/models/{model}/ready" if model else "/v2/health/ready"
    try:
        return httpx.get(f"{url.rstrip('/')}{path}", headers=headers, timeout=_TIMEOUT_S).status_code == 200
    except httpx.TransportError:
        return False


def _run(
    url: str, model: str, version: str, rate: float, seconds: float, timeout_s: float, headers: dict[str, str] | None
) -> LoadRun:
    wanted = PlanRequest(
        url=url,
        model=model,
        version=version,
        rate=rate,
        seconds=seconds,
        arrivals="constant",
        timeout_s=timeout_s,
        headers=tuple((headers or {}).items()),
    )
    with tempfile.TemporaryDirectory(prefix="art15-probe-") as folder:
        return run_load(plan_for(wanted), Path(folder))


def _check(run: LoadRun, allowed: set[str]) -> None:
    for reason in run.outcome.invalid:
        if reason.code not in allowed:
            raise ProbeFailed(reason.sentence)
