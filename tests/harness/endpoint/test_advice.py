"""What is given to paste into a policy is TOML, whatever a model is called, and whatever it takes."""

from __future__ import annotations

import tomllib
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.endpoint.advice import key, sample_table
from harness.run.planning.prerequisites import to_paste
from harness.wire.messages import TensorMetadata


def described(name: str) -> Any:
    return SimpleNamespace(name=name, metadata=SimpleNamespace(inputs=[TensorMetadata(name, name, (-1, 2))]))


@given(st.text())
@example("\U0001f600")
@example('a"\\\x7f\u202e\x00')
def test_any_name_is_a_key(name: str) -> None:
    assert tomllib.loads(f"{key(name)} = 1") == {name: 1}
    assert key(name).isprintable()
    for paste in (sample_table(name), to_paste(described(name))):
        assert [*tomllib.loads(paste)["samples"]] == [name]


@pytest.mark.parametrize("name", ["\ud800", "m\udc00\ud800\n", "a\udfff\x7f"])
def test_a_name_that_no_toml_holds_is_told_in_a_comment(name: str) -> None:
    for paste in (sample_table(name), to_paste(described(name))):
        assert tomllib.loads(paste) == {}
        assert paste == f"# no policy can name model {name!r}: TOML has no half of a surrogate pair"
