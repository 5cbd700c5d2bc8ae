"""Where the results of a run are cleaned: where pytest writes them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.prober.junit import Junit

RESULTS = (
    '<testsuites><testsuite name="pytest"><testcase name="a"><failure>{}</failure></testcase></testsuite></testsuites>'
)


def test_a_path_that_pytest_expands_is_cleaned_where_it_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OWN", str(tmp_path))
    for given in ("~/own.xml", "$OWN/own.xml", str(tmp_path / "own.xml")):
        (tmp_path / "own.xml").write_text(RESULTS.format("a secret"))
        config: Any = SimpleNamespace(option=SimpleNamespace(xmlpath=given))
        Junit(config, tmp_path / "evidence").correct(lambda text: text.replace("secret", "[redacted]"))
        assert "secret" not in (tmp_path / "own.xml").read_text(), given
