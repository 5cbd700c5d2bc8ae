"""Load as a run journals it: runs of a search for capacity, and of a spike."""

from __future__ import annotations

from typing import Any

LEVEL = {"percentile": 0.99, "latency_s": 0.05}


def load_run(name: str, rate: float, **changes: Any) -> dict[str, Any]:
    """One run at a rate; latency as in a queue that is full at 1,000 a second."""
    busy = min(rate / 1000, 0.97)
    base = 0.004 / (1 - busy)
    answered = min(rate, 940.0)
    percentiles: list[dict[str, float | None]] = [
        {"p": p, "value": base * factor, "lower": base * factor * 0.9, "upper": base * factor * 1.2}
        for p, factor in ((0.5, 1.0), (0.9, 1.6), (0.95, 2.0), (0.99, 3.0), (0.999, 4.5))
    ]
    percentiles[-1]["upper"] = None
    seconds = 10
    tried, good = round(rate * seconds), round(answered * seconds)
    # Those that failed stand behind all that were answered.
    share = (tried - good) / tried
    everyone = [each for each in percentiles if (each["p"] or 0.0) <= 1 - share]
    points = {
        "step_s": 0.5, "planned": [round(rate / 2)] * 2 * seconds, "sent": [round(rate / 2)] * 2 * seconds,
        "ok": [round(answered / 2)] * 2 * seconds, "failed": [round((rate - answered) / 2)] * 2 * seconds,
        "wrong": [0] * 2 * seconds, "p50": [base] * 2 * seconds, "p99": [base * 3] * 2 * seconds,
        "worst": [base * (4 + each % 3) for each in range(2 * seconds)],
    }  # fmt: skip
    return {
        "check": "load-capacity[iris]", "name": name, "model": "iris", "transport": "rest", "run": name, "loop": "open",
        "verdict": "pass" if base * 3 < 0.05 else "fail", "reason": "p99 is held against 50 ms", "level": LEVEL,
        "stages": [{"seconds": seconds, "rate": rate, "arrivals": "poisson"}], "points": points,
        "planned": tried, "tried": tried, "ok": good,
        "rates": {"planned": rate, "tried": rate, "ok": answered, "goodput": answered},
        "response": {"count": good, "percentiles": percentiles, "confidence": 0.95},
        "response_all": {"count": tried, "percentiles": everyone, "confidence": 0.95}, **changes,
    }  # fmt: skip


def capacity_search() -> list[dict[str, Any]]:
    """Doubled until one does not pass, then bisected."""
    return [load_run(f"capacity, {rate}/s", float(rate)) for rate in (50, 100, 200, 400, 800, 600, 700, 750, 950)]


def spike() -> dict[str, Any]:
    """A run in stages."""
    stages = [{"seconds": 3, "rate": 50.0}, {"seconds": 4, "rate": 400.0}, {"seconds": 3, "rate": 50.0}]
    run = load_run("spike", 100.0, check="load-spike[iris]", stages=stages)
    counts = [25] * 6 + [200] * 8 + [25] * 6
    lost = [0] * 7 + [60] * 6 + [0] * 7
    points = {**run["points"], "planned": counts, "sent": counts, "failed": lost,
              "ok": [each - bad for each, bad in zip(counts, lost, strict=True)]}  # fmt: skip
    return {**run, "points": points}
