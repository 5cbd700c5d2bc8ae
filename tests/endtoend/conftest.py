"""One run against the clean embedded server serves many tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import Ran, probe


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """URL of a clean reference server; few models, as every run probes all that it lists."""
    with EmbeddedServer(["--models", "pair,matrix,digits,echo-fp32"]) as embedded:
        yield embedded.url


@pytest.fixture(scope="session")
def clean_run(server: str, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A whole run against the clean server."""
    models = ("--oip-model", "pair", "--oip-model", "matrix")
    return probe(server, tmp_path_factory.mktemp("clean") / "evidence", *models)
