"""What a policy may say: the page, the schema and the starting policy are those of the types."""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.commands.policing import STARTING
from harness.policy import Policy, PolicyError, load_policy
from harness.run.policy_keys import policy_page, policy_schema, policy_tables

PAGE = Path(__file__).parents[3] / "docs" / "policy.md"


def example() -> str:
    found = re.search(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def spoken_out(text: str) -> str:
    """The starting policy with everything that stands in it as a comment."""
    return re.sub(r"(?m)^# (?=\[+\w[\w.]*\]+$|\w+ = )", "", text)


def as_json(text: str) -> Any:
    dated = {datetime.date: lambda day: day.isoformat()}
    return json.loads(json.dumps(tomllib.loads(text), default=lambda value: dated[type(value)](value)))


def test_every_key_has_its_meaning() -> None:
    assert [f"{table.header} {key.name}" for table in policy_tables() for key in table.keys if not key.means] == []


def test_every_table_is_there() -> None:
    headers = {table.header.strip("[]").partition(".")[0].partition("]")[0] for table in policy_tables()}
    assert headers == {*Policy.__struct_fields__}
    assert len({table.kind for table in policy_tables()}) > 50


def test_the_page_has_every_key() -> None:
    text = PAGE.read_text()
    assert text.endswith("\n\n" + "\n".join(policy_page()).rstrip() + "\n"), "art15 policy --keys makes it"


@pytest.mark.parametrize("text", [example(), STARTING.read_text(), spoken_out(STARTING.read_text())])
def test_examples_are_policies_by_types_and_schema(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    load_policy(path)
    schema = json.loads(policy_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(as_json(text), schema)


def test_the_starting_policy_speaks_of_itself() -> None:
    assert tomllib.loads(spoken_out(STARTING.read_text())).keys() > tomllib.loads(STARTING.read_text()).keys()
    assert "waivers" in tomllib.loads(spoken_out(STARTING.read_text()))


def test_the_published_schema_is_that_of_the_types() -> None:
    published = Path(__file__).parents[3] / "harness" / "run" / "policy-1.schema.json"
    assert published.read_bytes() == policy_schema(), "art15 policy --schema makes it"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[reprot]", "there is no table [reprot]; did you mean 'report'? (allowed: report, item, "),
        ("[budget]\nmax_rte = 1", "[budget] has no key 'max_rte'; did you mean 'max_rate'? (allowed: max_rate, "),
        ('[item]\nrisk_class = "annex-ii"', "did you mean 'annex-iii'? (allowed: 'annex-iii', 'annex-i', "),
        ("[limits]\nrank = 65", "[limits] rank: Expected `int` <= 64 (allowed: a whole number)"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_allowed(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert words in str(caught.value)
    ran = CliRunner().invoke(main, ["policy", str(path)])
    assert (ran.exit_code, words in ran.output) == (1, True)


def test_the_command_begins_checks_and_describes(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["policy", "--init"])
    (tmp_path / "policy.toml").write_text(ran.output)
    assert CliRunner().invoke(main, ["policy", str(tmp_path / "policy.toml")]).exit_code == 0
    assert CliRunner().invoke(main, ["policy", "--schema"]).stdout_bytes == policy_schema()
    assert CliRunner().invoke(main, ["policy", "--keys"]).output.startswith("### `[report]`")
    for arguments in ([], ["--init", "--schema"]):
        assert CliRunner().invoke(main, ["policy", *arguments]).exit_code == 4
