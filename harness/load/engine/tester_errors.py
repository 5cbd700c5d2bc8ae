"""Remarks of a worker about itself, and defects of the tester."""

from __future__ import annotations

_MOST_NOTES = 20


class TesterErrors:
    """Of one engine.

    Attributes:
        notes: what a person should know, each once.
        defects, first_defect: errors of the tester itself, and the first of them in words; they blame nobody.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.defects, self.first_defect = 0, ""

    def note(self, text: str) -> None:
        """Keep a remark, once."""
        if text not in self.notes and len(self.notes) < _MOST_NOTES:
            self.notes.append(text)

    def defect(self, error: Exception | str, what: str = "the tester") -> None:
        """Something of the tester's own failed: the run is INVALID, whatever else was seen."""
        said = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        text = f"defect in {what}: {said}"
        self.defects += 1
        self.first_defect = self.first_defect or text
        self.note(text)
