"""A command of the user that causes a fault says the token of the run: what it said is evidence, without the token."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from harness.drills.faults.fault import Happening
from harness.probing.load.drill_record import happening_seen
from harness.record.redact import Redactor
from tests.endtoend.running import probe
from tests.secrets.searching import files, pieces, told
from tests.secrets.test_secrets import JWT

# Where what is kept of an output ends, and a little before: a token that is cut there is still one.
CUT = range(1960, 2001, 10)
POLICY = """
[[drills]]
name = "telling"
rate = 50
hold_s = 0.5
after_s = 1.0
[drills.fault]
kind = "hooks"
inject = ["cat", "said"]
revert = ["echo", "%s", "taken back"]
"""


@pytest.mark.parametrize("place", CUT)
def test_a_token_at_the_end_of_what_is_kept(place: int) -> None:
    redactor = Redactor([JWT])
    happening = Happening("inject", 0, 0, "", "", ("hook",), 0, f"{'-' * place}{JWT} and more")
    seen = happening_seen(happening, None)
    assert seen is not None
    assert seen.output.startswith("-" * place)
    assert JWT[:3] not in seen.output
    assert seen.output[place:] in f"{redactor.text(JWT)} and more"


@pytest.mark.slow
def test_no_token_of_a_hook_is_left(tmp_path: Path) -> None:
    (tmp_path / "said").write_text(f"{'-' * 1990}{JWT}\n{base64.b64encode(JWT.encode()).decode()}\n")
    (tmp_path / "policy.toml").write_text(POLICY % JWT)
    run = probe(
        "embedded", tmp_path / "evidence", "--oip-model", "pair", "--oip-policy", str(tmp_path / "policy.toml"),
        "--oip-allow", "faults", "-k", "failover-drills", environ={"ART15_TOKEN": JWT},
    )  # fmt: skip
    ((done,),) = (drill["repetitions"] for drill in run.evidence["drills"])
    assert done["ending"] == "carried out", run.output
    assert done["reverted"]["output"].endswith("taken back")
    wanted = pieces([JWT])
    left = {**files(run.folder), "printed": run.output.encode()}
    assert {name: found for name, data in left.items() if (found := told(data, wanted))} == {}
