"""Session fixtures `mlserver`, `kserve` and `triton`: one running server each, installed on first use."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.servers.install import install, recipe_of
from tests.servers.recipe import Missing
from tests.servers.servers import Endpoint, serve


def installed_or_skip(name: str) -> None:
    """Install; what this machine lacks skips the test, but in CI (`CI=true`) it is an error like any other."""
    try:
        install(recipe_of(name))
    except Missing as reason:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            raise
        pytest.skip(str(reason))


def _served(name: str) -> Iterator[Endpoint]:
    installed_or_skip(name)
    with serve(name) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def mlserver() -> Iterator[Endpoint]:
    """MLServer 1.7.1 with `iris`, `iris-bare` and `echo`."""
    yield from _served("mlserver")


@pytest.fixture(scope="session")
def kserve() -> Iterator[Endpoint]:
    """KServe 0.21.0 with `iris` and `echo`."""
    yield from _served("kserve")


@pytest.fixture(scope="session")
def triton() -> Iterator[Endpoint]:
    """Triton 2.51.0 with `iris` (versions 1 and 2) and `echo`."""
    yield from _served("triton")
