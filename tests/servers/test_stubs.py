"""Our gRPC half in one process with the stubs that MLServer and KServe have installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.endtoend.test_one_process import SERVERS, assert_both_work
from tests.servers.conftest import installed_or_skip
from tests.servers.install import install, recipe_of

pytestmark = pytest.mark.servers

STUBS = {"mlserver": "mlserver/grpc/dataplane_pb2.py", "kserve": "kserve/protocol/grpc/grpc_predict_v2_pb2.py"}


def stubs_of(server: str) -> Path:
    """The module that protoc made for a server."""
    installed_or_skip(server)
    (found,) = (install(recipe_of(server)).path / "venv").glob(f"lib/python3*/site-packages/{STUBS[server]}")
    return found


@pytest.mark.parametrize("order", ["ours", "theirs"])
@pytest.mark.parametrize("server", STUBS)
def test_beside_the_stubs_of_a_server(server: str, order: str) -> None:
    assert_both_work(order, stubs_of(server), SERVERS[server][0])
