"""What checks, runs and verification may say in English, read from the code: by its strings, with places as ``{}``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("suites", "harness", "reports/verification", "reports/seal")
LOGGED = {"wrong", "left_out"}
# Calls whose first argument is why a check ends without a decision.
ENDINGS = {
    "untestable", "inconclusive", "not_applicable", "Untestable", "Inconclusive", "NotApplicable", "TesterFailed",
    "NoAcceptedRequest",
}  # fmt: skip
# A reason that is told by less than so many letters of its own is not read back.
LEAST = 9


def shape(text: str) -> str:
    """A sentence with its places made alike."""
    return re.sub(r"\{[^{}]*\}", "{}", text).rstrip(".")


def own_letters(text: str) -> int:
    """Letters of a sentence beside its places."""
    return len(re.findall("[A-Za-z]", re.sub(r"\{[^{}]*\}", "", text)))


@dataclass(frozen=True, slots=True)
class _Said:
    """Strings of the code: all, those that end a check, and those that a verification writes down."""

    every: frozenset[str]
    ending: frozenset[str]
    logged: frozenset[str]


@cache
def _read() -> _Said:
    every, ending, logged = set[str](), set[str](), set[str]()
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "reference" not in path.parts):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                called = _called(node)
                if called in ENDINGS:
                    ending.update(map(shape, _texts(node.args[0])))
                elif called in LOGGED:
                    logged.update(map(shape, _texts(node.args[-1])))
            elif isinstance(node, ast.Constant | ast.JoinedStr):
                every.update(map(shape, _texts(node)))
    return _Said(frozenset(every), frozenset(ending), frozenset(logged))


def reasons() -> set[str]:
    """Every reason that a check gives where it ends, as far as it stands there in words."""
    return {text for text in _read().ending if own_letters(text) >= LEAST}


def verdicts() -> set[str]:
    """What a verification finds wrong or leaves out; without the name of the file that stands before it."""
    found = {re.sub(r"^(?:(?:\{\})+: )+|(?<=\))(?:\{\})+$", "", text) for text in _read().logged}
    return {text for text in found if own_letters(text) >= LEAST}


def strings() -> frozenset[str]:
    """Every string of the code."""
    return _read().every


def put_together(text: str) -> bool:
    """Whether a sentence is made of strings of the code: all but a few of its runs of three words stand in one."""
    runs = [run for piece in shape(text).split("{}") for run in _runs(piece)]
    return sum(run not in _all_runs() for run in runs) <= len(runs) // 3 + 1


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"[^\s,;:()]+", text)
    yield from zip(words, words[1:], words[2:], strict=False)


@cache
def _all_runs() -> frozenset[tuple[str, ...]]:
    return frozenset(run for text in strings() for run in _runs(text))


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
