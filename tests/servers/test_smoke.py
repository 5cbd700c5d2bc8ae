"""The real servers answer as the protocol says, stay on loopback, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.conftest import installed_or_skip
from tests.servers.install import NAMES, recipe_of
from tests.servers.processes import listeners, members
from tests.servers.recipe import HERE
from tests.servers.servers import Endpoint, serve

pytestmark = pytest.mark.servers

WAIT_S = 60.0
SHARED = Path("/dev/shm")


@pytest.fixture(params=NAMES)
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    """Each server in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Endpoint)
    return found


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[httpx.Client]:
    """A client that ignores proxies."""
    with httpx.Client(base_url=endpoint.url, trust_env=False, timeout=30) as client:
        yield client


def test_it_is_live_and_the_release_we_pinned(endpoint: Endpoint, client: httpx.Client) -> None:
    assert client.get("/v2/health/live").status_code == httpx.codes.OK
    assert client.get("/v2").json()["version"] == recipe_of(endpoint.name).version


def test_iris_declares_its_tensors(endpoint: Endpoint, client: httpx.Client) -> None:
    recipe = recipe_of(endpoint.name)
    metadata = client.get("/v2/models/iris").json()
    assert metadata["name"] == "iris"
    assert metadata["inputs"] == [{"name": recipe.input, "datatype": "FP32", "shape": [-1, 4]}]
    assert recipe.output in [tensor["name"] for tensor in metadata["outputs"]]


def test_iris_infers_the_class_of_a_flower(endpoint: Endpoint, client: httpx.Client) -> None:
    recipe = recipe_of(endpoint.name)
    reply = client.post("/v2/models/iris/infer", json=recipe.probes["iris"]).json()
    outputs = {tensor["name"]: tensor for tensor in reply["outputs"]}
    assert outputs[recipe.output]["data"] == [0]


def test_it_listens_on_loopback_only(endpoint: Endpoint) -> None:
    found = listeners(endpoint.pid)
    ports = {httpx.URL(endpoint.url).port, int(endpoint.grpc.rpartition(":")[2])}
    assert ports <= {each.port for each in found}
    assert [each for each in found if not each.loopback] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_leaves_no_process_and_no_port(name: str) -> None:
    installed_or_skip(name)
    with serve(name) as endpoint:
        assert endpoint.pid in members(endpoint.pid)
    assert members(endpoint.pid) == set()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{endpoint.url}/v2/health/live", trust_env=False)
    assert not endpoint.log.exists()


@pytest.mark.parametrize("name", ["triton", "pytriton"])
def test_a_killed_triton_leaves_no_shared_memory(name: str) -> None:
    installed_or_skip(name)
    with serve(name) as endpoint:
        run = endpoint.log.parent.name
        assert list(SHARED.glob(f"{run}*"))
        os.killpg(endpoint.pid, signal.SIGKILL)
    assert list(SHARED.glob(f"{run}*")) == []


def test_it_ends_with_a_test_process_that_is_killed() -> None:
    installed_or_skip("mlserver")
    command = [sys.executable, "-u", "-m", "tests.servers", "serve", "mlserver"]
    with subprocess.Popen(command, cwd=HERE.parents[1], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        said = dict(line.split(maxsplit=1) for line in iter(owner.stdout.readline, "ready\n"))
        group = int(said["pid"])
        assert group in members(group)
        owner.send_signal(signal.SIGKILL)
    until = time.monotonic() + WAIT_S
    while members(group) and time.monotonic() < until:
        time.sleep(0.1)
    assert members(group) == set()
    shutil.rmtree(Path(said["log"].strip()).parent)
