"""Every regular expression of the harness takes time in proportion to the text, on texts made to wear it down.

The texts are made from the expression itself: what it begins with, again and again, and what it repeats, without the
end that it looks for. A new expression is found by reading the source; nobody has to remember to list it.
"""

from __future__ import annotations

import ast
import importlib
import re
import re._constants as constants  # type: ignore[import-not-found, unused-ignore]
import re._parser as parser  # type: ignore[import-not-found, unused-ignore]
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.costs import cost

ROOT = Path(__file__).parents[2]
ROOMS = ("harness", "reports", "suites")
FUNCTIONS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
# Expressions that are put together when they are needed: what they are made of is not foreign, or they are cut short.
MADE = {
    "harness/record/needles.py": "made of secrets; held to linear time by tests of its own",
    "harness/oracles/disclosure.py": "compiled by a helper into module constants, which are found there",
    "harness/probing/telemetry/latencies.py": "names of metrics, as below",
    "harness/probing/numbers.py": "names of metrics, no longer than 2,000 characters, against patterns of our own data",
    "reports/causes/model.py": "roots are no longer than 300 characters",
    "reports/text/neutralise.py": "module constants, which are found there",
}
# Expressions for what the operator or the harness itself wrote, and no endpoint: these may take longer.
OURS = (
    "harness/check.py: '[a-z][a-z0-9]*(-[a-z0-9]+)+'",
    "harness/run/config.py: ",
    "harness/allowed.py: ",
    "reports/pictures/canvas.py: ",
)
REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT)
LIKELY = 'a0 .-/=:A"\n<' + "".join(map(chr, range(127)))
SMALL, LARGE = 1_000, 8_000
# Linear is 8, square is 64.
MOST = 28
FLOOR_S = 3e-4


def _files() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "reference" not in path.relative_to(ROOT).parts:
                yield path


def _calls(path: Path) -> Iterator[tuple[ast.Call, object]]:
    """Calls of the module ``re``, each with its pattern; None where that is no constant."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        owner = node.func.value
        if isinstance(owner, ast.Name) and owner.id == "re" and node.func.attr in FUNCTIONS:
            first = node.args[0]
            yield node, first.value if isinstance(first, ast.Constant) else None


def _constants() -> dict[str, re.Pattern[Any]]:
    """Compiled expressions among the values of modules, and within them."""
    found: dict[str, re.Pattern[Any]] = {}
    for path in _files():
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if path.stem in ("__main__", "conftest") or ".load." in name:
            continue
        for value in vars(importlib.import_module(name.removesuffix(".__init__"))).values():
            for each in _within(value):
                found[f"{path.relative_to(ROOT)}: {each.pattern!r}"] = each
    return found


def _within(value: object, depth: int = 3) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, tuple | list):
        for each in value:
            yield from _within(each, depth - 1)
    elif isinstance(getattr(value, "regex", None), re.Pattern):
        yield value.regex  # type: ignore[attr-defined]


def _expressions() -> dict[str, re.Pattern[Any]]:
    found = _constants()
    for path in _files():
        for node, pattern in _calls(path):
            if isinstance(pattern, str | bytes):
                flags = re.MULTILINE if "MULTILINE" in ast.unparse(node) else 0
                flags |= re.IGNORECASE if "IGNORECASE" in ast.unparse(node) else 0
                found.setdefault(f"{path.relative_to(ROOT)}: {pattern!r}", re.compile(pattern, flags))
    return {name: each for name, each in found.items() if not name.startswith(OURS)}


EXPRESSIONS = _expressions()


def _sample(code: Any, value: Any) -> str:
    """One text that a node takes, as short as it can be."""
    takes: dict[Any, Callable[[], str]] = {
        constants.LITERAL: lambda: chr(value),
        constants.NOT_LITERAL: lambda: "a" if value != ord("a") else "b",
        constants.ANY: lambda: "a",
        constants.IN: lambda: next((char for char in LIKELY if _is_in(char, value)), "a"),
        constants.SUBPATTERN: lambda: _shortest(value[-1]),
        constants.BRANCH: lambda: _shortest(value[1][0]),
        constants.MAX_REPEAT: lambda: _shortest(value[2]) * value[0],
        constants.MIN_REPEAT: lambda: _shortest(value[2]) * value[0],
    }
    return takes[code]() if code in takes else ""


def _is_in(char: str, items: Iterable[Any]) -> bool:
    inner = parser.SubPattern(parser.State(), [(constants.IN, list(items))])
    import re._compiler as compiler  # type: ignore[import-not-found, unused-ignore] # noqa: PLC0415 -- beside its use

    return compiler.compile(inner).fullmatch(char) is not None


def _shortest(nodes: Any) -> str:
    return "".join(_sample(code, value) for code, value in nodes)


def _worn(nodes: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Pairs of a beginning and what is repeated behind it."""
    for code, value in nodes:
        if code in REPEATS:
            unit = _shortest(value[2]) or "a"
            if value[1] is constants.MAXREPEAT or value[1] > 50:
                yield before, unit
                yield "", before + unit
                yield "", before + unit * max(3, value[0])
            yield from _worn(value[2], before)
        elif code is constants.SUBPATTERN:
            yield from _worn(value[-1], before)
        elif code is constants.BRANCH:
            for each in value[1]:
                yield from _worn(each, before)
        elif code in (constants.ASSERT, constants.ASSERT_NOT):
            yield from _worn(value[1], before)
        before += _sample(code, value)
        yield "", before


def _texts(pattern: re.Pattern[Any], size: int) -> dict[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}
    for beginning, unit in {*_worn(parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)), ("", "\n"), ("", " ")}:
        text = (beginning + unit * (size // max(1, len(unit)) + 1))[:size] + "\0"
        found[beginning, unit] = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
    return found


def _cost(pattern: re.Pattern[Any], text: Any, tries: int = 3) -> float:
    return cost(lambda: list(islice(pattern.finditer(text), 200)), tries)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_takes_time_in_proportion(name: str) -> None:
    pattern = EXPRESSIONS[name]
    large = _texts(pattern, LARGE)
    for key, text in _texts(pattern, SMALL).items():
        once = max(_cost(pattern, text, 1), FLOOR_S)
        if _cost(pattern, large[key], 1) <= MOST * once:
            continue
        assert _cost(pattern, large[key]) <= MOST * max(_cost(pattern, text), FLOOR_S), key


def test_every_expression_is_found_or_excused() -> None:
    for path in _files():
        name = str(path.relative_to(ROOT))
        made = [node.lineno for node, pattern in _calls(path) if pattern is None and node.args]
        assert not made or name in MADE or _is_module_level(path), (name, made)


def _is_module_level(path: Path) -> bool:
    """Whether all expressions that are no constants are made while the module is imported: those are found in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {id(node) for each in ast.walk(tree) if isinstance(each, ast.FunctionDef) for node in ast.walk(each)}
    made = {(node.lineno, node.col_offset) for node, pattern in _calls(path) if pattern is None}
    return all(
        id(node) not in inner for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (node.lineno, node.col_offset) in made
    )  # fmt: skip


def test_the_texts_wear_down_what_can_be_worn_down() -> None:
    for bad in (r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', r"(?m)^\s*x", r"[a-z]+/\d", r"password=(?=[^ ]*\d)"):
        pattern = re.compile(bad)
        large = _texts(pattern, LARGE)
        grown = [_cost(pattern, large[key], 1) / max(_cost(pattern, text), FLOOR_S)
                 for key, text in _texts(pattern, SMALL).items()]  # fmt: skip
        assert max(grown) > MOST, bad
