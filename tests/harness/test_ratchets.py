"""What may only get better: circles of imports, crowded folders, one class name for two things, sorting by prefix.

Today's exceptions are listed in ``ratchets.toml``. A new one is refused, and so is a row that is no exception any
more: the list can only shrink.
"""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.harness.test_architecture import ROOT, imports_of

LISTED = tomllib.loads(Path(__file__).with_name("ratchets.toml").read_text())
PRODUCT = [path for folder in ("harness", "suites", "reports") for path in sorted((ROOT / folder).rglob("*.py"))]
MOST_MODULES = 30
# What a fault or variant is must be a field of it.
PREFIXES = ("grpc-", "load-", "adversarial", "security_", "load")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_at_once(path: Path) -> set[str]:
    """Modules that a file imports when it is imported: not those of functions, nor those for types alone."""
    tree = ast.parse(path.read_text())
    hidden = {id(inner) for node in ast.walk(tree) if _is_late(node) for inner in ast.walk(node)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return found


def _is_late(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def circles(graph: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Groups of nodes that reach each other (Tarjan's strongly connected components of two and more), sorted."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[tuple[str, ...]] = []

    def visit(node: str) -> None:
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in number:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            at = stack.index(node)
            group, stack[at:] = tuple(sorted(stack[at:])), []
            if len(group) > 1:
                found.append(group)

    for node in sorted(graph):
        if node not in number:
            visit(node)
    return sorted(found)


def inside_rooms(*, types_too: bool) -> list[tuple[str, ...]]:
    """Circles of imports; with ``types_too`` those that only the type checker walks count as well."""
    modules = {module_of(path): path for path in PRODUCT}
    read = imports_of if types_too else imports_at_once
    # A package is imported with each of its modules; that is no choice of the file that does it.
    return circles({name: sorted(read(path) & modules.keys() - {name}) for name, path in modules.items()})


def test_circles_of_imports() -> None:
    assert [list(circle) for circle in inside_rooms(types_too=True)] == LISTED["circles"]


def test_no_circle_when_imported() -> None:
    assert inside_rooms(types_too=False) == []


def test_a_circle_would_be_seen() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": ["a", "d"], "d": ["e"], "e": []}) == [("a", "b", "c")]


def test_folders_have_at_most_thirty_modules() -> None:
    modules: dict[str, int] = defaultdict(int)
    for path in PRODUCT:
        if path.name != "__init__.py":
            modules[path.parent.relative_to(ROOT).as_posix()] += 1
    crowded = {folder: count for folder, count in modules.items() if count > MOST_MODULES}
    assert crowded.keys() == LISTED["crowded"].keys()
    for folder, count in crowded.items():
        assert count <= LISTED["crowded"][folder], f"{folder} has grown to {count} modules"


def test_a_public_class_name_stands_once() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in PRODUCT:
        if "reference" not in path.relative_to(ROOT).parts:
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(module_of(path))
    assert sorted(name for name, where in places.items() if len(where) > 1) == LISTED["class-names"]


def test_nothing_is_sorted_by_the_prefix_of_its_name() -> None:
    """Only faults and variants have such names; data types and header names begin otherwise."""
    found = set()
    for path in [*PRODUCT, *sorted((ROOT / "tests" / "harness").rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _asks_for_prefix(node):
                found.add(path.relative_to(ROOT).as_posix())
    assert sorted(found) == LISTED["prefixes"]


def _asks_for_prefix(call: ast.Call) -> bool:
    named = isinstance(call.func, ast.Attribute) and call.func.attr == "startswith"
    return named and bool(call.args) and _a_prefix(call.args[0])


def _a_prefix(argument: ast.expr) -> bool:
    words = [node.value for node in ast.walk(argument) if isinstance(node, ast.Constant)]
    joined = isinstance(argument, ast.JoinedStr) and "LOAD" in ast.unparse(argument)
    return joined or any(isinstance(word, str) and word in PREFIXES for word in words)
