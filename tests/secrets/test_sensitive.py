"""Samples that the policy calls sensitive: no value of theirs, and no answer to one, is left or printed."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.run.embedded import EmbeddedServer
from reports.verification.verify import verify
from tests.endtoend.running import PYTEST

from .searching import readings
from .watching import Seen, watched

pytestmark = pytest.mark.slow

NUMBERS, TEXTS = (61234.578125, -48271.390625), ("Zyxwv-Utsrq 4711", "Kjihg-Fedcb 0815")
# Each quotes in an error, or in an answer, what another request has said, or answers otherwise than before.
FAULTS = ("error-quotes-other-request", "fp32-as-fp16", "repeats-differ", "grpc-fp32-through-half")
POLICY = """
[budget]
request_timeout = 2.0
[load]
rate = 30
seconds = 3
[samples.echo-fp32]
requests = "numbers.jsonl"
sensitive = SENSITIVE
[samples.echo-bytes]
requests = "texts.jsonl"
"""
RUNS = {
    "checks": ("-k", "agree or repeat or forms or record or answer or told or error or infer or raw"),
    "load": ("--oip-suite", "load", "--oip-allow", "load", "-k", "steady"),
}


def spelled() -> Iterator[bytes]:
    """What is looked for: texts, numbers as they are written, and as floats of four and of eight bytes.

    Eight signs and more: fewer would be met in times and digests by chance, as one float of four bytes would.
    """
    for text in TEXTS:
        yield from (text.encode(), text[::-1].encode(), text.encode("utf-16-le"))
    for number in NUMBERS:
        yield from (repr(abs(number))[:9].encode(), f"{abs(number):.7e}".partition("e")[0].encode())
        yield from (struct.pack(f"{order}d", number) for order in "<>")
    yield from (struct.pack(f"{order}2f", *NUMBERS) for order in "<>")


def found(seen: Seen) -> dict[str, set[bytes]]:
    """Where a sample is, in whatever spelling."""
    wanted = [each.lower() for each in spelled()]
    leaks = {
        where: {each for reading in readings(data) for each in wanted if each in reading.lower()}
        for where, data in seen.there.items()
    }
    return {where: each for where, each in leaks.items() if each}


def tensor(datatype: str, data: Sequence[object]) -> str:
    return json.dumps({"inputs": [{"name": "x", "datatype": datatype, "shape": [len(data)], "data": data}]}) + "\n"


def carried_out(folder: Path, arguments: Sequence[str], *, sensitive: bool) -> Seen:
    """A run on the reference server, seen from outside."""
    home = folder / "home"
    home.mkdir()
    (folder / "numbers.jsonl").write_text(tensor("FP32", NUMBERS))
    (folder / "texts.jsonl").write_text(tensor("BYTES", TEXTS))
    (folder / "policy.toml").write_text(POLICY.replace("SENSITIVE", str(sensitive).lower()))
    faults = [each for name in FAULTS for each in ("--fault", name)]
    with EmbeddedServer(["--models", "echo-fp32,echo-bytes", *faults]) as server:
        command = [str(PYTEST), "--endpoint", server.url, "--oip-grpc", str(server.grpc), "-v", "-rA"]
        command += [
            "--oip-profile",
            "quick",
            "--oip-evidence",
            "../evidence",
            "--oip-policy",
            "../../policy.toml",
            "--junitxml=../own.xml",
        ]
        return watched([*command, *arguments], home, {}, 240.0)


@pytest.mark.parametrize("name", ["checks", pytest.param("load", marks=pytest.mark.battery)])
def test_no_sample_gets_out(name: str, tmp_path: Path) -> None:
    seen = carried_out(tmp_path, RUNS[name], sensitive=True)
    assert (tmp_path / "home/evidence/report.html").exists(), seen.printed.decode(errors="replace")[-3000:]
    assert found(seen) == {}
    assert "nothing of their content" in (tmp_path / "home/evidence/report.html").read_text()
    verified = verify(tmp_path / "home/evidence")
    assert not verified.problems
    assert any("nothing is kept but size" in note for note in verified.notes)


def test_without_the_mark_they_are_everywhere(tmp_path: Path) -> None:
    """Or finding nothing would say nothing."""
    seen = carried_out(tmp_path, RUNS["checks"], sensitive=False)
    evidence = ("exchanges.warc.gz", "journal.jsonl", "evidence.json", "annex.html", "exchanges.har")
    for place in ("printed", "left own.xml", *(f"left evidence/{name}" for name in evidence)):
        assert TEXTS[0].encode() in seen.there[place], place
    pack = seen.there["left evidence/exchanges.warc.gz"]
    assert all(each in pack for each in (struct.pack("<2f", *NUMBERS), b"61234.578125"))
