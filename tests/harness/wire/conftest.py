"""Every client that a test opened is closed when it ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.wire.clients import close_all


@pytest.fixture(autouse=True)
def closed_clients() -> Iterator[None]:
    """Close what `client_for` made."""
    yield
    close_all()
