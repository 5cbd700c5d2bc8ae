"""Recording clients for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.budget import Budget, Limits
from harness.bundle.events import ExchangeSeen
from harness.bundle.store import store_of
from harness.record.redact import Redactor
from harness.record.store import ExchangeStore, Recorder
from harness.wire.access import Access
from harness.wire.rest import RestClient
from tests.packs import read

Events = list[ExchangeSeen]
# Closed after each test by the fixture in conftest.py: a socket left to the collector would warn in another test.
OPENED: list[RestClient] = []


# As a run has one pack, so have all clients of a test that record below one folder.
STORES: dict[Path, ExchangeStore] = {}


def store_at(root: Path) -> ExchangeStore:
    """The store of a folder, the same for everybody."""
    return STORES.setdefault(root, ExchangeStore(root))


def close_all() -> None:
    """Close what a test has left open."""
    while OPENED:
        OPENED.pop().close()
    while STORES:
        STORES.popitem()[1].close()


def client_for(
    access: Access | str, root: Path, *, limits: Limits | None = None, secrets: Iterable[str] = ()
) -> tuple[RestClient, Events]:
    """A client that records below ``root``, and the journal events it makes."""
    events: Events = []
    recorder = Recorder(store_at(root), Redactor(secrets), events.append)
    given = Access(access) if isinstance(access, str) else access
    client = RestClient(given, recorder, Budget(limits or Limits(request_seconds=5.0)))
    OPENED.append(client)
    return client, events


def record_of(root: Path, event: ExchangeSeen) -> bytes:
    """The stored record that a journal event names."""
    digest = event.sha256
    return store_of(root).get(digest, "json")


def every_byte(root: Path) -> bytes:
    """Everything that was written below ``root``, names included."""
    return b"\n".join(str(path).encode() + read(path) for path in sorted(root.rglob("*")) if path.is_file())
