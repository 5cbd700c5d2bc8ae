"""`art15 clauses` and `art15 explain` say what the catalogue and the checks say."""

from __future__ import annotations

import pytest

from harness.run.checks import load_checks
from harness.run.listing import clause_lines, explanation
from harness.verdicts import Level


def test_every_clause_has_its_checks_or_a_reason() -> None:
    registry, catalogue, _ = load_checks()
    lines = dict(line.split(maxsplit=1) for line in clause_lines())
    assert list(lines) == list(catalogue.clauses)
    for clause in catalogue.clauses.values():
        slugs = [check.slug for check in registry if clause.id in check.clauses]
        assert lines[clause.id].endswith(", ".join(slugs) or str(clause.reason))
        if clause.level is Level.MUST:
            assert slugs or clause.reason


def test_every_rest_clause_outside_the_extensions_is_probed_or_excused() -> None:
    registry, catalogue, _ = load_checks()
    probed = {clause for check in registry for clause in check.clauses}
    open_ones = [
        clause.id
        for clause in catalogue.clauses.values()
        if clause.transport != "grpc" and not clause.extension and clause.id not in probed and not clause.reason
    ]
    assert not open_ones


def test_explanations_teach() -> None:
    registry, _, _ = load_checks()
    for check in registry:
        text = explanation(check.slug)
        assert check.title in text
        assert "remedy:" in text
        assert check.method, check.slug
        assert check.fix, check.slug
        assert check.faults, check.slug
    with pytest.raises(LookupError, match="did you mean 'rest-infer-echoes-id'"):
        explanation("rest-infer-echos-id")
