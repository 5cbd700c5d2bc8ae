"""Queues answers that the fast comparison did not settle, and checks them in full when the loop is idle.

Small bodies are judged by a greenlet between two events, large ones after the run; both are bounded, and beyond the
bound the loop judges at once. That costs lag, which is measured and told, and never loses an answer.
"""

from __future__ import annotations

import contextlib
import importlib
from collections import deque
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

from harness.load.plan.answers import (
    Fault,
    Given,
    Template,
    Validate,
    template_from,
    template_of,
)
from harness.load.plan.full_check import same_outputs
from harness.load.plan.load_plan import ID_WIDTH
from harness.load.plan.versions import version_of
from harness.load.records.rows import Flag, Status
from harness.load.records.run_facts import KeptAnswer

if TYPE_CHECKING:
    from harness.load.engine.contracts import EngineContext, RequestsOver, Row

SMALL = 1 << 16
_MOST_WAITING = 512
_MOST_BYTES = 1 << 26
_VARIANTS = 8
_KEPT_BYTES = 1 << 16
_CASE, _INDEX = 9, 0


class AnswerCheck:
    """The checks of one engine.

    Attributes:
        templates: of each case the answer to compare with, None until one is validated.
        countdown: answers until the next sample.
        kept: exchanges for people.
        checked, differed: answers judged in full, and those of them whose bytes were new.
        unknown_ids: answers with an id of no request under way.
    """

    def __init__(self, completion: RequestsOver, engine: EngineContext, validate: Validate | None) -> None:
        self._completion, self._engine, self._plan = completion, engine, engine.plan
        self._validate = validate or same_outputs
        if self._plan.transport == "grpc":
            with contextlib.suppress(ImportError):
                # Loaded at the first answer that differs, it would hold up the loop.
                importlib.import_module("harness.wire.protobuf")
        self.templates: list[Template | None] = [
            template_of(case.answer, case, ID_WIDTH) if case.answer else None for case in self._plan.cases
        ]
        self._variants: list[list[Template]] = [[] for _ in self._plan.cases]
        # Of other versions: the answers of the plan first, one each, and then what said the same.
        self._others = [[template_of(each, case, ID_WIDTH) for each in case.others] for case in self._plan.cases]
        self.countdown = self._plan.check_every
        self.kept: list[KeptAnswer] = []
        self._kept_of: dict[str, int] = {}
        self.checked = self.differed = self.unknown_ids = 0
        self._waiting: deque[tuple[Row, bytes, bytes, int]] = deque()
        self._late: list[tuple[Row, bytes, bytes, int]] = []
        self._late_bytes = 0
        self._awake = Event()

    def sample(self, row: Row, body: bytes, mark: bytes, flags: int) -> bool:
        """Put an answer equal to the template off for a full check; False: there is no room for it now."""
        self.countdown = self._plan.check_every
        return self._put_off(row, body, mark, flags)

    def doubt(self, row: Row, body: bytes, mark: bytes, flags: int) -> bool:
        """An answer that is not the template; False: it is another request's, do not trust the connection."""
        case = row[_CASE]
        for known in self._variants[case]:
            if len(body) == known.size and body == known.with_id(mark):
                self._now(row, Status.OK, flags)
                return True
        for other in self._others[case]:
            if len(body) == other.size and body == other.with_id(mark):
                self._now(row, Status.OK, flags | Flag.OTHER_VERSION)
                return True
        if mark and mark not in body:
            self._foreign(body, mark)
            self._keep(Fault(Status.WRONG_ID, "the answer has not the id of its request"), row, body, mark)
            self._now(row, Status.WRONG_ID, flags)
            return False
        if self.templates[case] is not None and self._put_off(row, body, mark, flags):
            return True
        status, checked = self._judged(row, body, mark)
        self._now(row, status, flags | checked)
        return status is not Status.WRONG_ID

    def _put_off(self, row: Row, body: bytes, mark: bytes, flags: int) -> bool:
        """Keep an answer for later; its record is written then, the request counts as over now."""
        if len(body) <= SMALL and len(self._waiting) < _MOST_WAITING:
            self._waiting.append((row, body, mark, flags))
            self._awake.set()
        elif self._late_bytes + len(body) <= _MOST_BYTES:
            self._late.append((row, body, mark, flags))
            self._late_bytes += len(body)
        else:
            return False
        self._completion.counted()
        return True

    def forever(self) -> None:
        """Judge what waits, one at a time."""
        while True:
            self._awake.wait()
            self._awake.clear()
            while self._waiting:
                self._settle(*self._waiting.popleft())
                gevent.sleep(0.001)

    def finish(self) -> None:
        """Judge all that is left; after the run."""
        while self._waiting:
            self._settle(*self._waiting.popleft())
        for each in self._late:
            self._settle(*each)
        self._late = []

    def _now(self, row: Row, status: Status, flags: int) -> None:
        self._completion.over(row, status, flags)

    def _settle(self, row: Row, body: bytes, mark: bytes, flags: int) -> None:
        status, checked = self._judged(row, body, mark)
        self._completion.write(row, status, flags | checked)

    def _judged(self, row: Row, body: bytes, mark: bytes) -> tuple[Status, Flag]:
        """The full check; a good answer becomes a template, or a variant of one.

        A check that fails itself has found nothing: the answer counts as good, and not as checked.
        """
        case = row[_CASE]
        known = self.templates[case]
        reference = known.with_id(mark) if known is not None and not self._plan.cases[case].varies else None
        version = 0
        try:
            given = Given(case, row[_INDEX], mark, body, reference)
            if reference is not None and self._plan.cases[case].others:
                others = self._others[case][: len(self._plan.cases[case].others)]
                references = [reference, *(each.with_id(mark) for each in others)]
                version, fault = version_of(given, references, self._validate)
            else:
                fault = self._validate(given)
        except Exception as error:  # noqa: BLE001 -- a judge of somebody else's; its defect must not lose a record
            self._engine.tester_errors.defect(error, "the check of answers")
            return Status.OK, Flag(0)
        self.checked += 1
        if fault is not None:
            self._keep(fault, row, body, mark)
            return fault.status, Flag.CHECKED
        found = template_from(body, mark)
        if version:
            self._remember(self._others[case], found, body)
            return Status.OK, Flag.CHECKED | Flag.OTHER_VERSION
        if known is None:
            self.templates[case] = found
        elif body != reference:
            self.differed += 1
            self._remember(self._variants[case], found, body)
        return Status.OK, Flag.CHECKED

    @staticmethod
    def _remember(variants: list[Template], found: Template | None, body: bytes) -> None:
        """Keep a right answer that has other bytes, if there are few of them."""
        if found is not None and len(variants) < _VARIANTS and len(body) <= SMALL:
            variants.append(found)

    def _foreign(self, body: bytes, mark: bytes) -> None:
        """Tell an id of another request under way from one that nobody sent."""
        place = body.find(mark[:8])
        text = body[place + 8 : place + ID_WIDTH] if place >= 0 else b""
        try:
            index = int(text, 16)
        except ValueError:
            index = -1
        if index < 0 or not self._engine.sent_by_anyone(index):
            self.unknown_ids += 1

    def _keep(self, fault: Fault, row: Row, body: bytes, mark: bytes) -> None:
        kind = fault.status.name.lower()
        self._kept_of[kind] = self._kept_of.get(kind, 0) + 1
        if self._kept_of[kind] <= self._plan.keep:
            self.kept.append(
                KeptAnswer(
                    status=kind,
                    sentence=fault.sentence,
                    index=row[_INDEX],
                    case=self._plan.cases[row[_CASE]].name,
                    id=mark.decode("latin-1"),
                    body=body[:_KEPT_BYTES].decode("latin-1"),
                    bytes=len(body),
                )
            )
