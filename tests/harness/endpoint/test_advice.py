"""What is given to paste into a policy is TOML, whatever a model is called."""

from __future__ import annotations

import tomllib

from hypothesis import example, given
from hypothesis import strategies as st

from harness.endpoint.advice import key, sample_table


@given(st.text())
@example("\U0001f600")
@example('a"\\\x7f\u202e\x00')
def test_any_name_is_a_key(name: str) -> None:
    assert tomllib.loads(f"{key(name)} = 1") == {name: 1}
    assert key(name).isprintable()
    assert [*tomllib.loads(sample_table(name))["samples"]] == [name]
