"""How far a run is, in one line for somebody who watches."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.probing.load.runner import LoadProgress
from reports.text.sentences import Sentences, sentences

# Before this share of the checks, and these seconds, what is left cannot be told from what was.
TOLD_FROM, TOLD_AFTER_S = 0.05, 3.0


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Where a run is.

    Attributes:
        done, planned: checks.
        failed: of those that are done.
        requests: that were sent.
        seconds: since the first check began.
        most_seconds: that are left of the budget of time; infinity without any.
        said: the sentences of the run.
    """

    done: int
    planned: int
    failed: int
    requests: int
    seconds: float
    most_seconds: float
    said: Sentences = field(default_factory=sentences)

    def line(self, doing: str) -> str:
        """``check 45 of 147, 1 failed, 41 requests/s, about 2 min left: rest-infer-echoes-id[iris]``."""
        said = self.said
        parts = [said("terminal.progress", number=min(self.done + 1, self.planned), planned=self.planned)]
        if self.failed:
            parts.append(said("terminal.progress_failed", number=self.failed))
        if self.seconds >= 1:
            parts.append(said("terminal.progress_rate", rate=f"{self.requests / self.seconds:.0f}"))
        if (left := self._left()) is not None:
            parts.append(said("terminal.progress_left", left=f"{left:.0f} s" if left < 90 else f"{left / 60:.0f} min"))
        return f"{', '.join(parts)}: {doing}"

    def _left(self) -> float | None:
        """Seconds until the end, if the other checks take as long as those so far."""
        if self.seconds < TOLD_AFTER_S or self.done < TOLD_FROM * self.planned:
            return None
        return min(self.seconds / self.done * (self.planned - self.done), max(0.0, self.most_seconds))


def load_line(said: Sentences, load: LoadProgress) -> str:
    """``load-capacity m: step 2 of at most 6 (capacity, 40/s), 39 requests/s, 3 of 8 s, 117 of 320 requests``."""
    now, step, parts = load.now, load.step, [load.name]
    if step is not None:
        kind = "terminal.load_step_early" if step.early else "terminal.load_step"
        parts = [said(kind, number=step.number, of=step.of, name=load.name)]
    if now.seconds >= 1:
        parts.append(said("terminal.progress_rate", rate=f"{now.finished / now.seconds:.0f}"))
    parts.append(said("terminal.load_seconds", seconds=f"{now.seconds:.0f}", of=f"{now.of_seconds:.0f}"))
    if now.planned:
        parts.append(said("terminal.load_requests", number=now.finished, planned=now.planned))
    return f"{load.check}: {', '.join(parts)}"
