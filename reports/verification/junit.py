"""``junit.xml`` of a bundle whose journal does not have its digest: its verdicts held against those of the journal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

JUNIT = "junit.xml"
_BEGIN = b'<?xml version="1.0" encoding="utf-8"?>'
_DEEPEST = 20
MOST = 20


class JunitError(Exception):
    """It is no file that pytest wrote."""


@dataclass(slots=True)
class _Cases:
    """VerificationLog of each element as it is read: no tree is built, and nothing is kept but names and verdicts."""

    found: list[tuple[str, str]] = field(default_factory=list)
    _open: int = 0
    _name: str = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        self._open += 1
        if self._open > _DEEPEST:
            raise JunitError("is nested too deep")
        if tag == "testcase":
            self._name = given.get("name", "")
        elif tag == "property" and given.get("name") == "verdict" and self._name:
            self.found.append((self._name, given.get("value", "")))

    def end(self, tag: str) -> None:
        self._open -= 1
        if tag == "testcase":
            self._name = ""


def contradictions(data: bytes, verdicts: Mapping[str, Collection[str]]) -> list[str]:
    """Where the file says of a check what the journal does not, a sentence each.

    Args:
        data: the file; it may be hostile.
        verdicts: id of an item -> its verdicts in the journal.

    Raises:
        JunitError: pytest has not written it.
    """
    # Without a document type there are no entities, which is how a short text becomes a long one.
    if not data.startswith(_BEGIN) or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise JunitError("is no file that pytest wrote")
    cases = _Cases()
    parser = ElementTree.XMLParser(target=cases)  # noqa: S314 -- no document type, see above; nothing is built
    try:
        parser.feed(data)
    except (ElementTree.ParseError, ValueError) as error:
        raise JunitError(f"is not XML: {error}") from error
    wrong = [
        f"check {name}: its verdict is {verdict}, but the journal has {', '.join(verdicts[name])}"
        for name, verdict in cases.found
        if name in verdicts and verdict not in verdicts[name]
    ]
    return wrong[:MOST]
