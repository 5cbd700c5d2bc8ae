"""Lines of expositions, right ones and hostile ones."""

from __future__ import annotations

import pytest

from harness.probing.telemetry.exposition import LINES, WIDTH, samples
from tests.costs import cost


@pytest.mark.parametrize(
    ("line", "name", "labels", "value"),
    [
        ("up 1", "up", {}, 1),
        ('a_total{model="iris",version="1"} 3.000000', "a_total", {"model": "iris", "version": "1"}, 3),
        ('a{ x = "1" , y="2", } 4e2 1700000000', "a", {"x": "1", "y": "2"}, 400),
        (
            r'a{path="/v2/{model}",q="say \"x} # {y\" \\"} 1',
            "a",
            {"path": "/v2/{model}", "q": r"say \"x} # {y\" \\"},
            1,
        ),
        ('b_bucket{le="+Inf"} 5 # {trace_id="art15abc"} 0.5 1.7e9', "b_bucket", {"le": "+Inf"}, 5),
        ("c{} 2", "c", {}, 2),
    ],
)
def test_samples(line: str, name: str, labels: dict[str, str], value: float) -> None:
    (found,) = samples(line)
    assert (found.name, dict(found.labels), found.value) == (name, labels, value)


@pytest.mark.parametrize(
    "line", ["# TYPE a counter", "", "nonsense{ 4", "a NaN", "a +Inf", 'a{x="1} 2', "9a 1", "a", 'a{x="1"}', "a{x=1} 2"]
)
def test_what_is_no_sample(line: str) -> None:
    assert list(samples(line)) == []


def test_hostile_text_takes_time_in_proportion() -> None:
    def seconds(times: int) -> float:
        text = "\n".join(
            ["a{" + 'x="\\",' * 300, "a{" + " " * 1900, "a" * 1999, 'a{x="' + "\\" * 1900][i % 4] for i in range(times)
        )
        assert list(samples(text)) == []
        return cost(lambda: list(samples(text)))

    few, many = seconds(400), seconds(4000)
    assert many < 60 * few + 0.5


def test_bounds() -> None:
    assert sum(1 for _ in samples("a 1\n" * (LINES + 5))) == LINES
    assert list(samples(f'a{{x="{"y" * WIDTH}"}} 1')) == []
