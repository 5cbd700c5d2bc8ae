"""Bad uses of ``art15`` end with exit code 4, and say what there is."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from harness.cli import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["probe"], "URL"),
        (["verify", "nosuch"], "nosuch"),
        (["explain", "rest-infer-echos-id"], "did you mean 'rest-infer-echoes-id'"),
        (["clauses", "--area", "helth"], "did you mean 'health'"),
        (["clauses", "--area", "nosuch"], "there are: "),
        (["verfy"], "did you mean 'verify'"),
        (["clauses", "--aera", "health"], "--area"),
        (["validate", "--fault", "nosuch"], "nosuch"),
        (["plan", "--endpoint", "http://127.0.0.1:9", "--oip-model", "a\udcff"], "--oip-model: not in UTF-8"),
    ],
)
def test_bad_uses_say_what_there_is(arguments: list[str], words: str) -> None:
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 4, ran.output
    assert words in ran.output
