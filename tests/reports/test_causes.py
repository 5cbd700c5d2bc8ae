"""The causes of findings: every clause and every root that a check names has a title, and titles are sentences."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import suites
from harness.run.checks import load_checks
from reports.causes import CONSEQUENCES, load_causes
from reports.causes.load import field_problems
from reports.causes.model import Cause
from reports.text.sentences import sentences

ROOT = Path(suites.__file__).parent.parent
# What a title must never say: that something should be true, or that it is not so.
MISLEADING = ("Not so", "(absent)", "should", "nothing was observed")


def test_every_clause_that_a_check_decides_has_a_title() -> None:
    registry, _, _ = load_checks()
    causes = load_causes()
    decided = {clause for check in registry if check.builtin for clause in check.clauses}
    assert [clause for clause in sorted(decided) if causes.find(clause) is None] == []


@pytest.mark.parametrize("where", ["suites", "harness/endpoint", "harness/probing", "harness/judging"])
def test_every_root_in_the_code_belongs_to_a_cause(where: str) -> None:
    causes = load_causes()
    unknown = [f"{name}: {root}" for name, root in _roots(ROOT / where) if causes.find(root) is None]
    assert unknown == []


def test_titles_are_positive_sentences_without_full_stop() -> None:
    for cause in load_causes().rows.values():
        assert not any(word in cause.title for word in MISLEADING), cause.id
        assert not cause.title.endswith("."), cause.id
        assert len(cause.title) <= 120, cause.id


def test_every_consequence_has_words() -> None:
    for table in ("consequence", "consequence_meaning"):
        assert [name for name, _ in sentences().table(table)] == list(CONSEQUENCES)


def test_a_field_that_no_root_has_is_a_problem() -> None:
    row = Cause(id="x", title="Served at {path}", consequence="style", roots=("x:{door}",))
    assert field_problems(row) == ["cause x: no root has the field path"]


def _roots(folder: Path) -> Iterator[tuple[str, str]]:
    """The literal roots of ``root=...`` and of constants; what is put in for a field stands for itself."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg in ("root", "changed"):
                for each in _texts(node.value):
                    if "-" in each and not each.startswith("{"):
                        yield path.name, each


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(each.value) if isinstance(each, ast.Constant) else "{x}" for each in node.values)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
