"""Right models that testers choke on: each is probed for what it is, or one line says what the operator has to give."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from harness.reference.models.awkward import IMAGE, PHRASE
from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import Ran, probe

pytestmark = [pytest.mark.slow, pytest.mark.battery]

# Windows editors begin a file so.
MARK = b"\xef\xbb\xbf"


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(["--models", "pair,wide,wide-echo,unsaid,phrase,uneven"]) as embedded:
        yield embedded


# Seconds in which a first answer of 30 s over each transport is waited for, and some checks are carried out.
BUDGET = 150
# Of a run against a model of one tensor of 12 MiB: memory, and what it leaves on the disk.
MOST_KILOBYTES = 500 << 10
MOST_EVIDENCE = 64 << 20


def run(server: EmbeddedServer, folder: Path, model: str, *options: str) -> Ran:
    grpc = ["--oip-grpc", server.grpc or ""]
    ran = probe(server.url, folder / model, "--oip-model", model, *grpc, "--oip-profile", "quick", "-q", *options)
    assert "Traceback" not in ran.output
    assert not {"tool_error", "fail", "warn"} & {*ran.verdicts.values()}, ran.output
    return ran


def policy(folder: Path, text: str) -> Sequence[str]:
    (folder / "policy.toml").write_bytes(MARK + text.encode())
    return "--oip-policy", str(folder / "policy.toml")


def requests(ran: Ran) -> int:
    return int(ran.evidence["run"]["requests"])


def untestable(ran: Ran) -> int:
    return [*ran.verdicts.values()].count("untestable")


@pytest.mark.parametrize("model", ["wide", "wide-echo"])
def test_200_inputs_cost_at_most_twice_what_two_cost(server: EmbeddedServer, tmp_path: Path, model: str) -> None:
    few, many = run(server, tmp_path, "pair"), run(server, tmp_path, model)
    assert requests(many) <= 2 * requests(few)
    assert many.code == few.code == 0


def test_shapes_that_the_metadata_leave_open_come_from_the_samples(server: EmbeddedServer, tmp_path: Path) -> None:
    images = np.random.default_rng(1).random((5, *IMAGE)).astype(np.float32)
    np.savez(tmp_path / "images.npz", image=images)
    ran = run(server, tmp_path, "unsaid", *policy(tmp_path, '[samples.unsaid]\ndata = "images.npz"\n'))
    assert untestable(ran) < 5, ran.output


def test_inputs_of_other_shapes_and_a_model_s_own_range_are_no_fault(server: EmbeddedServer, tmp_path: Path) -> None:
    ran = run(server, tmp_path, "uneven")
    assert ran.verdicts["rest-datatype-bool[uneven]"] == "pass"
    assert ran.verdicts["rest-datatype-signed-range[uneven]"] == "untestable"


def test_a_model_of_one_phrase_is_probed_with_it(server: EmbeddedServer, tmp_path: Path) -> None:
    entry = f'{{"name":"said","shape":[1],"datatype":"BYTES","data":["{PHRASE.decode()}"]}}'
    (tmp_path / "phrase.jsonl").write_bytes(MARK + f'{{"inputs":[{entry}]}}\n'.encode())
    ran = run(server, tmp_path, "phrase", *policy(tmp_path, '[samples.phrase]\nrequests = "phrase.jsonl"\n'))
    assert untestable(ran) < 10, ran.output


@pytest.mark.parametrize("model", ["unsaid", "phrase"])
def test_without_samples_one_line_says_what_to_give(server: EmbeddedServer, tmp_path: Path, model: str) -> None:
    ran = run(server, tmp_path, model)
    told = [line for line in ran.output.splitlines() if "could not be tested: model" in line]
    assert len(told) == 1
    assert f"[samples.{model}]" in ran.output
    assert "FAILED" not in ran.output


def test_a_large_tensor_is_probed_in_binary(tmp_path: Path) -> None:
    with EmbeddedServer(["--models", "large", "--variant", "large-bodies"]) as roomy:
        ran = run(roomy, tmp_path, "large", "--oip-time-budget", "120")
    # What needs the values written out says what lets it.
    stopped = [each["reason"] for each in ran.evidence["checks"] if "are the limit" in each["reason"]]
    assert stopped
    assert all("raise it with [limits] elements" in each for each in stopped)
    assert ran.verdicts["rest-infer-answers-200[large]"] == "pass"
    assert ran.verdicts["grpc-infer-answers-ok[large]"] == "pass"
    assert ran.peak_kilobytes < MOST_KILOBYTES
    assert sum(each.stat().st_size for each in ran.folder.iterdir()) < MOST_EVIDENCE


def test_a_large_tensor_that_only_json_could_carry_is_left_out_with_the_setting_that_lets_it_in(tmp_path: Path) -> None:
    with EmbeddedServer(["--models", "large", "--variant", "no-binary", "--no-grpc"]) as plain:
        ran = probe(plain.url, tmp_path / "plain", "--oip-model", "large", "--oip-profile", "quick", "-q")
    assert "elements = 3145728" in ran.output
    assert requests(ran) < 500
    assert not {"tool_error", "fail", "warn"} & {*ran.verdicts.values()}, ran.output


def test_a_server_that_is_not_ready_is_waited_for(tmp_path: Path) -> None:
    arguments = ["--models", "pair", "--variant", "not-ready-at-first"]
    with EmbeddedServer(arguments) as late:
        ran = probe(
            late.url, tmp_path / "late", "--oip-wait-ready", "60", "-q", "-k", "rest-infer-answers or rest-ready"
        )
    assert "until the endpoint is ready" in ran.output
    assert ran.code == 0, ran.output


def test_half_a_minute_an_inference_is_waited_for_within_the_budget(tmp_path: Path) -> None:
    with EmbeddedServer(["--models", "pair", "--infer-seconds", "30"]) as slow:
        ran = run(slow, tmp_path, "pair", "--oip-time-budget", str(BUDGET))
    assert "an inference takes 30" in ran.output
    assert "instead of 10 s" in ran.output
    assert [*ran.verdicts.values()].count("pass") > 10
    # What comes after the last request, such as the pages, is none of the budget's.
    first = datetime.fromisoformat(ran.evidence["run"]["start"])
    lines = map(json.loads, (ran.folder / "journal.jsonl").read_text().splitlines())
    begun = [
        datetime.fromisoformat(line["at"]) - timedelta(seconds=line["data"]["elapsed_s"])
        for line in lines
        if line["kind"] == "exchange"
    ]
    assert (max(begun) - first).total_seconds() < BUDGET + 5


def test_a_limit_that_an_inference_takes_longer_than_is_named(tmp_path: Path) -> None:
    with EmbeddedServer(["--models", "pair", "--infer-seconds", "3"]) as slow:
        ran = run(slow, tmp_path, "pair", "--oip-timeout", "1", "--oip-time-budget", "60")
    assert "untestable within 1 s: give --oip-timeout 9" in ran.output
