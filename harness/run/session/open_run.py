"""A run that has found its endpoint: carries out what is planned, and makes the bundle of what happened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness.budget import MEBIBYTE
from harness.bundle.events import BaselineHeld, Closed, ItemPlanned, ItemsPlanned, SelfChecked
from harness.bundle.ledger import FINISHED
from harness.bundle.manifest import MANIFEST
from harness.bundle.store import store_of
from harness.check import Check
from harness.drills.injector import Injector
from harness.endpoint.models import ModelUnderTest
from harness.judging.passive.rules import Models
from harness.judging.passive.self_check import Transport
from harness.probing.load.runner import LoadRunner
from harness.run.accepting.baseline import Compared, compare
from harness.run.accepting.waivers import stale_waivers
from harness.run.events import incident_event
from harness.run.outcomes import FAILED, Exit, word
from harness.run.results import Result, check_id
from harness.run.session.equipment import Equipment
from harness.run.session.execution import Execution
from harness.run.session.identities import read_identities
from harness.run.terminal.progress import RunProgress
from reports.bundle import EVIDENCE, finish, others
from reports.document.proof import unproven
from reports.evidence import decode

WITHHELD = (
    "of {} exchanges size, status and times are kept, and nothing of their content, as the policy has samples that are "
    "sensitive: who reads this cannot look a finding up in them, and art15 replay cannot send them again. Texts that "
    "may quote an answer, pictures of inputs and fingerprints are left out as well"
)


class OpenRun:
    """One run against one endpoint, from its first check to the finished bundle.

    Attributes:
        exit: how it ends, known once all checks were carried out.
        began: whether it was recorded what is planned; before that, nothing is left of a run that is ended.
        report: the page, once it was made.
        unproven: failures in the document that nothing in the bundle shows.
    """

    def __init__(self, equipment: Equipment) -> None:
        self._with = equipment
        self._execution = Execution(equipment)
        self.config = equipment.config
        self.endpoint = equipment.endpoint
        self.purse = equipment.purse
        self.prices = equipment.prices
        self.redactor = equipment.record.redactor
        self.exit = Exit(0, ())
        self.began = False
        self.report: Path | None = None
        self.unproven: list[str] = []
        self._middle_read = False
        self._closed = False
        self._ended = ""
        self._self_check: SelfChecked | None = None
        self._compared: Compared | None = None

    @property
    def results(self) -> dict[str, Result]:
        """What came of each check, by id."""
        return self._execution.results

    @property
    def unsampled(self) -> dict[str, tuple[str, str]]:
        """By model without an accepted request: why, and what to paste into the policy."""
        return self._execution.unsampled

    def plan_items(self, items: Iterable[tuple[Check, ModelUnderTest | None]]) -> None:
        """Record every item that is to be carried out: each must have a verdict, or the run was cut short."""
        rows = [
            ItemPlanned(
                id=check_id(check, model), slug=check.slug, suite=check.suite, model=model.id if model else None
            )
            for check, model in items
        ]
        self._with.record.log(ItemsPlanned(items=rows))
        self.began = True

    def execute(self, check: Check, model: ModelUnderTest | None) -> Result:
        """Carry out one check, unless a prerequisite failed, and write its result to the journal."""
        return self._execution.execute(check, model)

    def progress(self, planned: int, seconds: float) -> RunProgress:
        """How far the run is, of so many checks and so many seconds after it began."""
        failed = sum(word(result) == FAILED for result in self.results.values())
        budget = self._with.budget
        return RunProgress(
            len(self.results), planned, failed, budget.used, seconds, budget.seconds_left, self.config.said
        )

    def halfway(self) -> None:
        """Read the identity of the models in the middle of the run, once."""
        if not self._middle_read:
            self._middle_read = True
            read_identities(self._with.record, self.endpoint, "middle")
            self.purse.identity_read()

    def stale_waivers(self) -> list[str]:
        """Waivers that have run out, or that cover a check which now passes; each is red."""
        return stale_waivers(self.config.policy.waivers, self.results.values(), datetime.now(UTC).date())

    def compared(self) -> Compared | None:
        """What the run says of the baseline; None where it was given none. Compared once, at the end."""
        accepting = self.config.accepting
        if self._compared is None and accepting.baseline is not None:
            reached = accepting.baseline.is_reached_by(self.config.profile, self.config.allow)
            looked = [result.looked for result in self.results.values()]
            self._compared = held = compare(accepting.baseline, looked, reached=reached)
            stale, unseen = ([each.words for each in group] for group in (held.stale, held.unseen))
            entries = len(accepting.baseline.findings)
            self._with.record.log(BaselineHeld(entries=entries, seen=len(held.seen), stale=stale, unseen=unseen))
        return self._compared

    def self_check(self) -> SelfChecked:
        """Whether all messages so far are what they were meant to be; judged once, at the end."""
        if self._self_check is None:
            models: dict[Transport, Models] = {
                "rest": {each.name: each.metadata for each in self.endpoint.models},
                "grpc": {each.name: each.grpc.metadata for each in self.endpoint.models if "grpc" in each.routes},
            }
            checked = msgspec.convert(self._with.messages.judge(models), SelfChecked)
            self._self_check = msgspec.convert(self._with.record.told.line(checked), SelfChecked)
            self._with.record.log(self._self_check)
        return self._self_check

    def close(self, exit_code: int, ended: str = "") -> None:
        """Read the identities a last time, close the journal, and stop using the network; safe to call twice.

        Args:
            ended: what ended the run before its time, such as ``SIGINT``; empty where nothing did.

        Raises:
            CannotRecord: the last lines could not be written.
        """
        if self._closed:
            return
        record, self._ended = self._with.record, ended
        self._with.watchdog.stop()
        try:
            if (injector := self.endpoint.memory.find(Injector)) is not None:
                injector.close()
            if (bench := self.endpoint.memory.find(LoadRunner)) is not None:
                bench.close()
            # Where something could not be recorded nothing more is sent, and the last line says why it ended.
            if not self._with.disk.failed:
                self._last_words()
            record.end_exchanges()
            record.log(Closed(exit_code=exit_code, ended=ended, files=self._vouched()))
        finally:
            for client in self._with.clients:
                client.close()
            self._closed = True

    def _last_words(self) -> None:
        record = self._with.record
        if record.store.clipped:
            record.note(
                f"{record.store.clipped} bodies of requests and answers are kept in part (head, tail, digest), "
                f"{record.store.left_out // MEBIBYTE} MiB of them are not: raise it with [budget] evidence_mebibytes"
            )
        if (kept_back := record.told.bodies) is not None:
            record.note(WITHHELD.format(kept_back.exchanges))
        for text in self.stale_waivers():
            record.note(text)
        self.compared()
        read_identities(record, self.endpoint, "end")
        self.self_check()
        for incident in self._with.continuity.take_untold():
            record.log(incident_event(incident))

    def _vouched(self) -> dict[str, str]:
        """Digests of the files that nothing but the closing line vouches for, such as ``junit.xml``."""
        try:
            return others(self.config.folder)
        except OSError:
            return {}  # what is wrong with the folder ends the making of the bundle, in words

    def finish(self) -> Path:
        """Make the document, the page and the manifest from the journal; gives the path of the page.

        What the document says failed must be shown in the bundle: ``unproven`` says where it is not, which is a fault
        of ours and not of the endpoint.
        """
        store = store_of(self.config.folder)
        self.report = finish(self.config.folder, store=store)
        document = decode((self.config.folder / EVIDENCE).read_bytes())
        self.unproven = unproven(document, store)
        if self._with.place is not None:
            manifest = hashlib.sha256((self.config.folder / MANIFEST).read_bytes()).hexdigest()
            self._with.place.end(self._ended or FINISHED, document.run.journal_head, manifest)
        return self.report
