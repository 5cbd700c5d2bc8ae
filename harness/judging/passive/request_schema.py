"""The schema of an inference request over REST, written from the specification; each input is held against it once."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from harness.record.quoting import clip

SCHEMA = Path(__file__).parent / "infer_request.schema.json"
# Inputs that are remembered as right, each some hundred bytes.
MOST_KNOWN = 10_000


@functools.cache
def _schema() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text()))


class _Right:
    """Inputs, as JSON, that the schema has nothing against: most requests of a run differ in one of theirs."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def strangers(self, inputs: list[Any]) -> dict[str, Any]:
        """Those not known yet, by their JSON."""
        found = {json.dumps(plain): plain for plain in map(_plain, inputs)}
        return {text: each for text, each in found.items() if text not in self._known}

    def learn(self, texts: Iterable[str]) -> None:
        """Know these, in place of all others where they are many."""
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        self._known.update(texts)


def _plain(entry: Any) -> Any:  # noqa: ANN401 -- any JSON
    """An input without what the schema asks nothing of: the text of its name, and the elements of its data."""
    if not isinstance(entry, dict):
        return entry
    blanks: dict[str, Any] = {"name": "", "data": []}
    return {**entry, **{key: blank for key, blank in blanks.items() if type(entry.get(key)) is type(blank)}}


_RIGHT = _Right()


def schema_problem(value: Any) -> str | None:  # noqa: ANN401 -- any JSON
    """The first thing that the schema has against the JSON of a request, in words; None: nothing."""
    looked_at, new = value, {}
    if isinstance(value, dict) and isinstance(value.get("inputs"), list):
        new = _RIGHT.strangers(value["inputs"])
        looked_at = {**value, "inputs": [*new.values()]}
    if next(_schema().iter_errors(looked_at), None) is None:
        _RIGHT.learn(new)
        return None
    # Once more as it is: the place of what is wrong is one in the whole.
    wrong = next(_schema().iter_errors(value))
    where = "/".join(str(each) for each in wrong.absolute_path)
    return f"{where or 'the body'}: {clip(wrong.message, 200)}"
