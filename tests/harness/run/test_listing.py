"""`art15 clauses` and `art15 explain` say what the catalogue and the checks say."""

from __future__ import annotations

import pytest

from harness.run.checks import load_checks
from harness.run.terminal.explaining import explanation
from harness.run.terminal.listing import clause_lines


def test_every_clause_has_its_checks_or_a_reason() -> None:
    registry, catalogue, _ = load_checks()
    lines = dict(line.split(maxsplit=1) for line in clause_lines())
    assert list(lines) == list(catalogue.clauses)
    for clause in catalogue.clauses.values():
        slugs = [check.slug for check in registry if clause.id in check.clauses]
        assert lines[clause.id].endswith(", ".join(slugs) or str(clause.reason))
        assert slugs or clause.reason, clause.id


def test_explanations_teach() -> None:
    registry, _, _ = load_checks()
    for check in registry:
        text = explanation(check.slug)
        assert check.title in text
        assert "remedy:" in text
        assert check.method, check.slug
        assert check.fix, check.slug
        assert check.faults or check.only_records or check.shown_by, check.slug
    with pytest.raises(LookupError, match="did you mean 'rest-infer-echoes-id'"):
        explanation("rest-infer-echos-id")
