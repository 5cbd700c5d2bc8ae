"""Real runs against endpoints that tell what they were given: no secret is left, printed, or seen meanwhile."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.endtoend.running import PYTEST, ROOT

from .telling import Teller
from .telling_grpc import GrpcTeller
from .watching import Seen, watched

pytestmark = pytest.mark.slow

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MjcxIiwibmFtZSI6Ikpva" + "W8ifQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
KEY, OTHER, THIRD = "sk-Ab3dEf6hIj9lMn2pQrStUv5xYz", "7Hn2Lq9Wc4Rt6Ym8Kd3Px5Vb", "op-Zx8Cv6Bn4Ma2Sd0Fg1Hj3"
BASIC = base64.b64encode(f"{THIRD}:{OTHER}".encode()).decode()
POLICY = """
[budget]
request_timeout = 1.0
[endpoint]
patience = 2.0
warm_up = 2.0
[load]
rate = 40
seconds = 3
"""
ENDS = {0, 1, 3}
# Places and spellings that are told in a run, at least.
LEAST = 60
BRIEF = ("--oip-max-requests", "100", "--oip-time-budget", "180")


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        secrets: all that must stay unsaid, as it is sent and in parts.
        rest, grpc: which endpoints there are.
        arguments: of the command; ``environ`` of its environment.
        unseen: arguments that hold secrets, in a file: a command line is seen by everybody on a machine.
        user: of the URL.
        names: of models.
        rough: of so many inferences one is answered roughly.
    """

    secrets: tuple[str, ...]
    rest: bool = True
    grpc: bool = False
    arguments: tuple[str, ...] = BRIEF
    environ: dict[str, str] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    user: str = ""
    names: tuple[str, ...] = ("m",)
    rough: int = 2


LOAD = ("--oip-suite", "load", "--oip-allow", "load", "-k", "steady or closed or spike")
RUNS = {
    "bearer": Run((JWT,), environ={"ART15_TOKEN": JWT}),
    "basic": Run((OTHER, THIRD, BASIC), user=f"{THIRD}:{OTHER}@"),
    "cookies, both": Run((KEY, OTHER), grpc=True, unseen=("--oip-header", f"Cookie: session={KEY}; csrf={OTHER}")),
    "header, and as a name": Run((KEY,), unseen=("--oip-header", f"X-Api-Key: {KEY}"), names=("m", "of-*")),
    "grpc, by a command": Run(
        (OTHER,), rest=False, grpc=True, arguments=(*BRIEF, "--oip-token-command", "cat ../../token")
    ),
    "load": Run((JWT,), grpc=True, environ={"ART15_TOKEN": JWT}, arguments=LOAD, rough=7),
}  # fmt: skip


def carried_out(run: Run, folder: Path, before: Sequence[str] = ()) -> tuple[Seen, set[tuple[str, str]]]:
    """The run, seen from outside, and what was told; ``before`` are further arguments."""
    home = folder / "home"
    home.mkdir()
    (folder / "token").write_text(OTHER)
    (folder / "policy.toml").write_text(POLICY)
    rest, grpc = Teller(run.secrets, run.names, run.rough), GrpcTeller(run.secrets, run.rough)
    with ExitStack() as stack:
        url = stack.enter_context(rest).replace("//", f"//{run.user}") if run.rest else ""
        address = stack.enter_context(grpc).removeprefix("http://") if run.grpc else ""
        unseen = ["--endpoint", url or f"grpc://{address}", *run.unseen]
        (folder / "unseen").write_text("\n".join(unseen))
        command = [str(PYTEST), *before, "@../../unseen", "-v", "-rA", "--oip-evidence", "../evidence"]
        command += ["--oip-profile", "quick", "--oip-policy", "../../policy.toml", "--junitxml=../own.xml"]
        command += ["--oip-grpc", address] if run.rest and run.grpc else []
        seen = watched([*command, *run.arguments], home, run.environ, 240.0)
    return seen, rest.told | grpc.told


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.battery) for name in RUNS])
def test_no_secret_gets_out(name: str, tmp_path: Path) -> None:
    run = RUNS[name]
    seen, told = carried_out(run, tmp_path)
    assert seen.code in ENDS, seen.printed.decode(errors="replace")[-5000:]
    assert (tmp_path / "home/evidence/report.html").exists(), seen.printed.decode(errors="replace")[-3000:]
    assert (tmp_path / "home/own.xml").exists()
    assert len(told) >= LEAST, f"only {len(told)} places and spellings"
    assert seen.leaks(run.secrets) == {}
    assert seen.samples > 50


def test_an_open_door_is_noticed_everywhere(tmp_path: Path) -> None:
    """Without redaction the same run leaks in every place that is looked at; or finding nothing would say nothing."""
    run = Run((JWT,), arguments=("--oip-max-requests", "60"), environ={"ART15_TOKEN": JWT, "PYTHONPATH": str(ROOT)})
    seen, _ = carried_out(replace(run, names=("m", "of-*")), tmp_path, ["-p", "tests.secrets.open_door"])
    leaks = seen.leaks(run.secrets)
    places = ["printed", "left own.xml", "left evidence/journal.jsonl", "left evidence/annex.html"]
    places += ["left evidence/exchanges.warc.gz", "temporary plan-", "cmdline of process", "environ of process"]
    assert [place for place in places if not any(where.startswith(place) for where in leaks)] == []
