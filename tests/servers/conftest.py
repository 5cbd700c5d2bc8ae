"""A session fixture for each server: one running each, installed on first use."""

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
    with serve(name, restart=recipe_of(name).restarted) as endpoint:
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


@pytest.fixture(scope="session")
def omle() -> Iterator[Endpoint]:
    """OMLE 0.2.1 with `iris`. Many requests end it, so it is started again whenever it ends."""
    yield from _served("omle")


@pytest.fixture(scope="session")
def pytriton() -> Iterator[Endpoint]:
    """PyTriton 0.7.0 with `iris`, its management closed as it comes."""
    yield from _served("pytriton")


@pytest.fixture(scope="session")
def aissemble() -> Iterator[Endpoint]:
    """aiSSEMBLE 1.1.0 with a handler for `iris` that answers to any name."""
    yield from _served("aissemble")
