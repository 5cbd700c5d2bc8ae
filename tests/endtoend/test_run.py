"""A run from the outside: exit codes, bundle, secrets."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.bundle.store import store_of
from harness.run.checks import load_checks
from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import PYTEST, ROOT, Ran, probe
from tests.packs import read
from tests.reports.validating import validate

pytestmark = pytest.mark.slow


def test_clean_server_passes_every_check(clean_run: Ran) -> None:
    assert clean_run.code == 0, clean_run.output
    bad = {name: verdict for name, verdict in clean_run.verdicts.items() if verdict not in ("pass", "not_applicable")}
    assert not bad, bad
    assert "report:" in clean_run.output


def test_every_file_of_the_bundle_is_there(clean_run: Ran) -> None:
    for name in (
        "evidence.json",
        "evidence.schema.json",
        "journal.jsonl",
        "plan.json",
        "report.html",
        "annex.html",
        "manifest.json",
    ):
        assert (clean_run.folder / name).stat().st_size > 0, name


def test_the_document_fits_its_published_schema(clean_run: Ran) -> None:
    validate((clean_run.folder / "evidence.json").read_bytes())


def test_clause_grid_says_what_the_catalogue_and_the_checks_say(clean_run: Ran) -> None:
    registry, catalogue, _ = load_checks()
    ran = {identity.partition("[")[0] for identity in clean_run.verdicts}
    rows = {row["id"]: row for row in clean_run.evidence["catalogue"]["clauses"]}
    assert list(rows) == list(catalogue.clauses)
    for clause in catalogue.clauses.values():
        slugs = {check.slug for check in registry if clause.id in check.clauses and check.slug in ran}
        assert {name.partition("[")[0] for name in rows[clause.id]["checks"]} == slugs
        assert rows[clause.id]["level"] == clause.level
    page = (clean_run.folder / "annex.html").read_text()
    assert all(identity in page for identity in catalogue.clauses)


def test_samples_of_the_policy_stand_in_for_missing_metadata(tmp_path: Path) -> None:
    samples = tmp_path / "samples.jsonl"
    samples.write_text('{"inputs":[{"name":"x","datatype":"FP32","shape":[2],"data":[1.5,-2]}]}\n')
    policy = tmp_path / "policy.toml"
    policy.write_text(f'[samples.echo-fp32]\nrequests = "{samples}"\n')
    with EmbeddedServer(["--variant", "empty-tensor-metadata", "--models", "echo-fp32"]) as server:
        without = probe(server.url, tmp_path / "without", "-k", "infer-answers")
        ran = probe(server.url, tmp_path / "with", "-k", "infer", "--oip-policy", str(policy))
    assert without.verdicts == {"rest-infer-answers-200[echo-fp32]": "untestable"}
    assert ran.verdicts["rest-infer-answers-200[echo-fp32]"] == "pass"
    assert ran.verdicts["rest-infer-echoes-id[echo-fp32]"] == "pass"


def test_plan_was_sealed_before_the_first_request(clean_run: Ran) -> None:
    digest = hashlib.sha256((clean_run.folder / "plan.json").read_bytes()).hexdigest()
    lines = [json.loads(line) for line in (clean_run.folder / "journal.jsonl").read_text().splitlines()]
    assert [line["plan"] for line in lines if "plan" in line] == [digest] == [lines[0]["plan"]]
    first = next(line["at"] for line in lines if line["kind"] == "exchange")
    assert clean_run.evidence["plan"]["sealed_at"] < first


def test_same_seed_sends_the_same_bytes(server: str, tmp_path: Path) -> None:
    # Checks that repeat and compare do it as often as the endpoint is quick; what is drawn depends on the seed alone.
    drawing = "rest- or adversarial-valid or adversarial-invalid or adversarial-bodies or adversarial-framing"
    first, again = (probe(server, tmp_path / name, "--oip-model", "pair", "-k", drawing) for name in ("a", "b"))

    def bodies(ran: Ran) -> list[str]:
        lines = (ran.folder / "journal.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        records = [event["data"] for event in events if event["kind"] == "exchange"]
        store, found = store_of(ran.folder), []
        for record in records:
            name = record["sha256"]
            stored = json.loads(store.get(name, "json"))
            body = stored["request"]["body"]
            found.append(f"{record['method']} {record['url']} {body['sha256'] if body else ''}")
        # Concurrent requests end in any order.
        return sorted(found)

    assert bodies(again) == bodies(first)


def test_verify_accepts_the_bundle(clean_run: Ran) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "verify", str(clean_run.folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "signer unknown" in done.stdout


def test_a_finding_is_red_and_its_curl_line_repeats_it(tmp_path: Path) -> None:
    with EmbeddedServer(["--fault", "drops-request-id", "--models", "echo-fp32"]) as server:
        ran = probe(server.url, tmp_path / "evidence", "-k", "infer")
        assert ran.code == 1, ran.output
        check = next(c for c in ran.evidence["checks"] if c["slug"] == "rest-infer-echoes-id")
        assert check["verdict"] == "fail"
        curl = check["counterexamples"][0]["curl"]
        assert curl in ran.output
        answer = subprocess.run(curl, shell=True, cwd=ran.folder, capture_output=True, text=True, timeout=30)
        assert answer.returncode == 0, answer.stderr
        assert '"id"' not in answer.stdout


def test_token_never_reaches_the_disk(tmp_path: Path) -> None:
    token = "s3cret-Tok/en+value=="
    with EmbeddedServer(["--variant", "auth-required", "--token", token, "--models", "echo-fp32"]) as server:
        ran = probe(server.url, tmp_path / "evidence", environ={"ART15_TOKEN": token})
        assert ran.code == 0, ran.output
    for path in ran.folder.rglob("*"):
        if path.is_file():
            assert token.encode() not in read(path), path
    assert token not in ran.output


def test_user_info_of_the_url_never_reaches_the_disk(server: str, tmp_path: Path) -> None:
    # Answers, errors, drawn requests and raw bytes.
    some = ["--oip-model", "pair", "-k", "infer or refuses or adversarial-valid or framing or access"]
    ran = probe(server.replace("://", "://someone:pa55-of-theirs@"), tmp_path / "evidence", *some)
    assert ran.code == 0, ran.output
    for path in ran.folder.rglob("*"):
        if path.is_file():
            assert b"pa55-of-theirs" not in read(path), path


def test_the_policy_raises_server_errors_for_client_mistakes(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[criteria]\nserver_error_for_client_mistake = "fail"\n')
    with EmbeddedServer(["--fault", "wrong-count-500", "--models", "pair"]) as server:
        lenient = probe(server.url, tmp_path / "a", "-k", "blames-client")
        strict = probe(server.url, tmp_path / "b", "-k", "blames-client", "--oip-policy", str(policy))
    assert (lenient.code, lenient.verdicts) == (0, {"rest-error-blames-client[pair]": "warn"})
    assert (strict.code, strict.verdicts) == (1, {"rest-error-blames-client[pair]": "fail"})


def test_killed_run_leaves_a_readable_journal_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    with EmbeddedServer(["--variant", "slow-150ms"]) as server:
        command = [str(PYTEST), "--endpoint", server.url, "--oip-evidence", str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        journal = folder / "journal.jsonl"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (journal.is_file() and '"kind":"check"' in journal.read_text()):
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "report", str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    evidence = Ran(0, "", folder).evidence
    assert evidence["report"]["cut_short"] is True
    assert evidence["checks"]
    assert "cut short" in (folder / "annex.html").read_text()


def test_probe_of_a_third_party_check(server: str, tmp_path: Path) -> None:
    """A distribution with the entry point group art15.checks adds a check; its metadata is all it takes."""
    site = tmp_path / "site"
    info = site / "acme_checks-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-checks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[art15.checks]\nacme = acme_checks\n")
    (site / "acme_checks.py").write_text(
        "from harness.check import check\n"
        "@check('acme-live-is-quick', clauses=['REST-HEALTH-01'], criterion='answers', suite='acme')\n"
        "def acme_live_is_quick(probe):\n"
        "    '''The live endpoint answers.\n\n    One GET.'''\n"
        "    probe.holds(probe.client.server_live().ok, expected='200', observed='not 200')\n"
    )
    ran = probe(server, tmp_path / "e", "-k", "acme", environ={"PYTHONPATH": str(site)})
    assert ran.verdicts == {"acme-live-is-quick": "pass"}, ran.output
