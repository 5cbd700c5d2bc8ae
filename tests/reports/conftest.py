"""Bundles shared by the tests of the report room; those that change one copy it first."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.bundle import finish
from tests.reports import factory, some_drills


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished bundle; read only."""
    folder = tmp_path_factory.mktemp("bundle") / "evidence"
    factory.finished(folder)
    finish(folder)
    return folder


@pytest.fixture(scope="session")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished bundle of a run with drills; read only."""
    folder = tmp_path_factory.mktemp("drills") / "evidence"
    some_drills.finished(folder, some_drills.every_kind())
    return folder


@pytest.fixture
def copied(sealed: Path, tmp_path: Path) -> Path:
    """A finished bundle that the test may change."""
    folder = tmp_path / "evidence"
    shutil.copytree(sealed, folder)
    return folder


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close the files of journals that a test has left open."""
    yield
    while factory.OPEN:
        factory.OPEN.pop().close()
