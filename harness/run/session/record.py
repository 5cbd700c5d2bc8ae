"""What a run writes: its journal and its exchanges, without secrets, as long as the disk takes them."""

from __future__ import annotations

import contextlib
import hashlib
import sys
import threading
from collections.abc import Callable

from harness.budget import MEBIBYTE, BudgetExhausted
from harness.bundle.digests import Digests
from harness.bundle.events import CatalogueListed, DeviationSeen, ExchangeSeen, JournalEvent, ModelSeen, TargetSeen
from harness.bundle.journal import Journal
from harness.bundle.limits import MOST_EXCHANGES
from harness.record.disk import Disk
from harness.record.redact import Redactor
from harness.record.sensitive import Withholding
from harness.record.store import ExchangeStore, Recorder
from harness.run.config import Config
from harness.run.events import DESCRIBED, TEXT, storable
from harness.run.session.withholding import ValueFree
from reports.document.proof import UNCONNECTED

# Characters of one text in a line.
MOST: dict[type[JournalEvent], int] = {TargetSeen: DESCRIBED, ModelSeen: DESCRIBED, CatalogueListed: sys.maxsize}


# References of a check that its line names: of a campaign all of them would be larger than a line may be.
EXCHANGES_SHOWN = 20


class RunRecord:
    """The journal and the exchanges of one run.

    Args:
        config: names the folder, which is there already, and the budget of bytes.
        plan: the bytes of the plan, which are written first.
        redactor: takes secrets out of all that is written.
        disk: notes that a write failed.

    Attributes:
        heard: is called for each exchange.
        told: what may be said of what was sent and answered.
        unconnected: digests of exchanges whose connection could not be opened: they show nothing of any clause.

    Raises (all methods):
        CannotRecord: the disk refuses.
    """

    def __init__(self, config: Config, plan: bytes, redactor: Redactor, disk: Disk) -> None:
        self.heard: Callable[[], None] = lambda: None
        self.unconnected = Digests()
        self.redactor = redactor
        self._disk = disk
        self._folder = config.folder
        self._most = config.limits.evidence_bytes
        # What is left of the budget of bytes is for the document, the page and the results of other plugins.
        self._room = None if self._most is None else self._most * 3 // 4
        self._lock = threading.Lock()
        self._references: dict[str | None, list[str]] = {}
        self._totals: dict[str | None, int] = {}
        try:
            (config.folder / "plan.json").write_bytes(plan)
            self._journal = Journal(config.folder / "journal.jsonl", hashlib.sha256(plan).hexdigest())
        except OSError as error:
            raise disk.fails(error) from None
        self.store = ExchangeStore(config.folder, self._room)
        self.recorder = Recorder(self.store, redactor, self._exchange, disk)
        self.told = ValueFree(Withholding(config.policy.endpoint.metrics) if config.policy.sensitive else None)
        self.recorder.withholding = self.told.bodies

    def log(self, event: JournalEvent) -> None:
        """Append what may hold words of the endpoint: without secrets, and as text that can be stored."""
        try:
            data = self.redactor.value(self.told.line(event))
            self._journal.append(event.kind_of_line, storable(data, MOST.get(type(event), TEXT)))
        except OSError as error:
            raise self._disk.fails(error) from None

    def keep(self, name: str, data: bytes) -> None:
        """Write a file that the closing line vouches for."""
        try:
            (self._folder / name).write_bytes(data)
        except OSError as error:
            raise self._disk.fails(error) from None

    def note(self, text: str) -> None:
        """Append a deviation."""
        self.log(DeviationSeen(text=text))

    def admit(self) -> None:
        """Let pass what is to be sent.

        Raises:
            BudgetExhausted: the budget of bytes, or a bundle, has no room to record it.
        """
        self._disk.admit()
        if self.store.full:
            raise BudgetExhausted(f"no more exchanges than these fit into one bundle ({MOST_EXCHANGES} at most)")
        if self._room is not None and self.store.written + self._journal.size >= self._room:
            most = (self._most or 0) // MEBIBYTE
            raise BudgetExhausted(f"the budget of {most} MiB for evidence is used up ([budget] evidence_mebibytes)")

    def take_references(self, check: str) -> tuple[tuple[str, ...], int]:
        """Digests of the first exchanges of a check that has ended, and how many there were."""
        return tuple(self._references.pop(check, ())), self._totals.pop(check, 0)

    def end_exchanges(self) -> None:
        """No exchange follows."""
        try:
            self.store.close()
        except OSError as error:
            raise self._disk.fails(error) from None

    def abandon(self) -> None:
        """Nothing follows, and nothing has to be whole."""
        self._journal.close()
        with contextlib.suppress(OSError):
            self.store.close()

    def _exchange(self, event: ExchangeSeen) -> None:
        self.heard()
        with self._lock:
            shown = self._references.setdefault(event.check, [])
            if len(shown) < EXCHANGES_SHOWN:
                shown.append(event.sha256)
            self._totals[event.check] = self._totals.get(event.check, 0) + 1
            if event.error_kind == UNCONNECTED:
                self.unconnected.add(event.sha256)
        self.log(event)
