"""Writes exactly one record for each finished request. Called from the event loop, so nothing here may raise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.load.engine.answer_check import AnswerCheck
from harness.load.records.rows import ABSENT, RecordWriter, Status

if TYPE_CHECKING:
    from harness.load.engine.contracts import EngineContext, Row
    from harness.load.plan.answers import Validate


class Completion:
    """Of one engine's requests.

    Attributes:
        finished: requests that are over.
        unsolicited: answers nobody asked for.
        checking: the full check of answers in doubt.
    """

    def __init__(self, engine: EngineContext, writer: RecordWriter, validate: Validate | None) -> None:
        self._engine, self.writer = engine, writer
        self.finished = self.unsolicited = 0
        self.answer_check = AnswerCheck(self, engine, validate)
        self._known = self.answer_check.templates
        self._unwritable = False

    def answered(  # noqa: PLR0917 -- names at the call would cost in the hot path
        self, index: int, intended: int, taken: int, sent: int, first: int, done: int,
        body: bytes, number: int, code: int, case: int, flags: int, mark: bytes,
    ) -> bool:  # fmt: skip
        """A whole answer of status ``code``: check it and write its record. False: its connection is in doubt."""
        start = self._engine.start_ns
        row = (
            index, intended, taken - start, sent - start, first - start, done - start,
            len(body), number, code, case, 0,
        )  # fmt: skip
        if not 200 <= code < 300:
            self.over(row, Status.HTTP_ERROR, flags)
            return True
        return self._judge(row, body, mark, flags)

    def replied(  # noqa: PLR0917 -- as above
        self, index: int, intended: int, taken: int, sent: int, first: int, done: int,
        body: bytes, number: int, case: int, flags: int, mark: bytes,
    ) -> bool:  # fmt: skip
        """The same for gRPC with status 0; ``body`` is the message."""
        start = self._engine.start_ns
        row = (
            index, intended, taken - start, sent - start, first - start, done - start,
            len(body), number, 0, case, 0,
        )  # fmt: skip
        return self._judge(row, body, mark, flags)

    def failed(
        self, times: tuple[int, int, int, int, int, int], size: int, number: int, code: int, case: int,
        status: Status, flags: int,
    ) -> None:  # fmt: skip
        """A request without a good answer."""
        start = self._engine.start_ns
        index, intended, *rest = times
        taken, sent, first, done = (each if each == ABSENT else each - start for each in rest)
        self.over((index, intended, taken, sent, first, done, size, number, code, case, 0), status, flags)

    def unasked(self) -> None:
        """An answer without a request."""
        self.unsolicited += 1
        self._engine.tester_errors.note("answers came that no request had asked for")

    def over(self, row: Row, status: int, flags: int) -> None:
        """Write the record, and count the request as over."""
        self.write(row, status, flags)
        self.counted()

    def write(self, row: Row, status: int, flags: int) -> None:
        """Write a record; alone where :class:`AnswerCheck` had put it off."""
        if self._unwritable:
            return
        try:
            self.writer.add(*row, status, flags)
        except Exception as error:  # noqa: BLE001 -- raised into the loop, it would leave the run without an end
            self._cannot_write(error)

    def counted(self) -> None:
        """One request is over."""
        self.finished += 1
        self._engine.one_less()

    def flush(self) -> None:
        """Hand the records so far to the kernel; where it takes none, the run ends."""
        if self._unwritable:
            return
        try:
            self.writer.flush()
        except Exception as error:  # noqa: BLE001 -- a full disk, or whoever looks at the rows
            self._cannot_write(error)

    def _judge(self, row: Row, body: bytes, mark: bytes, flags: int) -> bool:
        known = self._known[row[9]]
        if (
            known is not None
            and len(body) == known.size
            and body.startswith(mark, known.at)
            and body.startswith(known.before)
            and body.endswith(known.after)
        ):
            answer_check = self.answer_check
            answer_check.countdown -= 1
            if answer_check.countdown <= 0 and answer_check.sample(row, body, mark, flags):
                return True
            self.over(row, Status.OK, flags)
            return True
        return self.answer_check.doubt(row, body, mark, flags)

    def _cannot_write(self, error: Exception) -> None:
        self._unwritable = True
        self._engine.broke(error, "the records")
