"""Replicas are told apart by a header that names them, and by no other one."""

from __future__ import annotations

import pytest

from harness.probing.replicas.named import named_by_header
from harness.record.exchange import Exchange


def answer(**headers: str) -> Exchange:
    """A whole answer with these headers."""
    head = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Exchange(1, "POST", "http://t/v2/models/m/infer", "HTTP/1.1", (), b"{}", 200, "", "HTTP/1.1", head, b"{}",
                    False, None, "", 0, 0, 0, None, ref="recorded")  # fmt: skip


def test_each_replica_is_named_once() -> None:
    seen = [answer(Server="s", X_Replica=f"r{number % 3}", x_pod_zone="a") for number in range(6)]
    assert [(header, value) for header, value, _ in named_by_header(seen)] == [
        ("x-replica", "r0"), ("x-replica", "r1"), ("x-replica", "r2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([{"server": f"s{each % 2}"} for each in range(6)], id="another header"),
        pytest.param([{"x_envoy_upstream_service_time": str(each % 2)} for each in range(6)], id="a duration"),
        pytest.param([{"x_instance": f"i-{each}"} for each in range(6)], id="the name of a request"),
        pytest.param([{"x_replica": "a"}, {"x_replica": "a"}, {}, {}], id="not in every answer"),
        pytest.param([], id="no answer"),
    ],
)
def test_nothing_else_names_a_replica(values: list[dict[str, str]]) -> None:
    assert named_by_header([answer(**each) for each in values]) == []
