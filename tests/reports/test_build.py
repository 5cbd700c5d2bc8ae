"""From the journal to the document."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.bundle.places import PACK
from reports.bundle import finish
from reports.document.build import build
from reports.document.excerpt import excerpt
from reports.evidence import CheckResult, Evidence, decode, encode
from reports.journal.state import BuildError
from tests.reports import factory


def document(sealed: Path) -> Evidence:
    return decode((sealed / "evidence.json").read_bytes())


def clause(made: Evidence, name: str) -> Any:
    return next(row for row in made.catalogue.clauses if row.id == name)


def duty(made: Evidence, name: str) -> Any:
    return next(row for row in made.duties if row.id == name)


def test_the_same_bundle_gives_the_same_bytes(sealed: Path) -> None:
    assert encode(build(sealed)) == encode(build(sealed)) == (sealed / "evidence.json").read_bytes()


def test_issued_defaults_to_the_last_line_of_the_journal(sealed: Path) -> None:
    last = json.loads((sealed / "journal.jsonl").read_bytes().splitlines()[-1])
    assert build(sealed).report.issued == last["at"]
    assert build(sealed, "2026-11-22T00:00:00Z").report.issued == "2026-11-22T00:00:00Z"


def test_a_clause_has_the_worst_verdict_and_its_checks(sealed: Path) -> None:
    made = document(sealed)
    assert clause(made, "REST-RESP-04").verdict == "fail"
    assert clause(made, "REST-HTTP-01").verdict == "pass"
    assert clause(made, "REST-HTTP-01").checks == ["rest-six-operations-exist"]
    assert clause(made, "REST-BIN-01").reason == "needs a binary model"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("REST-INT-01", "Not observable on the wire."),
        ("REST-PAR-01", "no check of this run covers it"),
        ("GRPC-INF-01", "not tested: no gRPC address given (--oip-grpc HOST:PORT)"),
    ],
)
def test_a_clause_without_a_check_has_no_verdict_and_a_reason(sealed: Path, name: str, reason: str) -> None:
    row = clause(document(sealed), name)
    assert (row.verdict, row.checks, row.reason) == (None, [], reason)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("A15-4-d", "contradicted"),
        ("A15-1-d", "supported"),
        ("A15-4-c", "inconclusive"),  # warnings alone decide nothing
        ("A15-5-c", "inconclusive"),
        ("A15-1-a", "not_tested"),
        ("A15-3-a", "not_testable_from_outside"),
        ("A15-2-x", "not_testable_from_outside"),
        ("A15-4-j", "declared_not_applicable"),
    ],
)
def test_the_state_of_a_duty(sealed: Path, name: str, state: str) -> None:
    assert duty(document(sealed), name).state == state


def test_a_supported_duty_says_that_it_is_not_fulfilled(sealed: Path) -> None:
    reason = duty(document(sealed), "A15-1-d").reason
    assert reason.startswith("Observations consistent with this duty, from one run: each of 1 check")
    assert "not a finding that the duty is fulfilled" in reason


def test_an_information_duty_is_never_supported(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    bundle.journal.append("check", factory.check("rest-live-answers", duties=["A15-2-x", "A15-3-a"]))
    made = build(tmp_path)
    assert duty(made, "A15-2-x").state == "not_testable_from_outside"
    assert duty(made, "A15-3-a").state == "not_testable_from_outside"


def test_one_root_cause_is_one_finding(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    for slug in ("rest-a-holds", "rest-b-holds"):
        for model in ("iris", "wine"):
            bad = [factory.counterexample("same-root", ["REST-HTTP-01"])] * 3
            bundle.journal.append("check", factory.check(slug, "fail", model=model, counterexamples=bad))
    [finding] = build(tmp_path).summary.findings
    assert finding.verdict == "fail"
    assert len(finding.checks) == 4
    assert finding.models == ["iris", "wine"]
    assert finding.consequence == "interoperability"
    assert finding.title.startswith("Seen: ")


def test_a_finding_weighs_as_its_own_clause(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    clauses = [("REST-HTTP-01", "must", "fail"), ("REST-ERR-02", "should", "warn")]
    bad = [factory.counterexample("light", ["REST-ERR-02"]), factory.counterexample("heavy", ["REST-HTTP-01"])]
    bundle.journal.append("check", factory.check("rest-a-holds", "fail", clauses=clauses, counterexamples=bad))
    assert [(each.root, each.verdict) for each in build(tmp_path).summary.findings] == [
        ("heavy", "fail"),
        ("light", "warn"),
    ]


@pytest.mark.parametrize("verdict", ["fail", "warn", "inconclusive", "tool_error"])
def test_no_red_check_is_without_a_finding(tmp_path: Path, verdict: str) -> None:
    bundle = factory.start(tmp_path)
    bundle.journal.append("check", factory.check("rest-a-holds", verdict, reason="because"))
    [finding] = build(tmp_path).summary.findings
    assert (finding.root, finding.verdict) == ("check:rest-a-holds", verdict)


def test_statements_count_and_name(sealed: Path) -> None:
    made = document(sealed)
    text = "\n".join(made.summary.statements)
    assert "Contradicted: 2 of 5 tested MUST clauses" in text
    assert "REST-RESP-04, REST-RESP-05" in text
    assert "Silent on: 4 MUST clauses" in text
    assert made.summary.must_untested == 4
    assert made.summary.verdicts["pass"] == 4
    assert "%" not in text


def test_nothing_tested_is_said(tmp_path: Path) -> None:
    factory.start(tmp_path)
    assert any(text.startswith("Nothing was tested") for text in build(tmp_path).summary.statements)


def test_silence_is_grouped_and_reasoned(sealed: Path) -> None:
    rows = {row.subject: row.reason for row in document(sealed).silence}
    assert rows["Transport gRPC"] == (
        "Not tested: no gRPC address given (--oip-grpc HOST:PORT). This run went over REST, and held clauses of both "
        "transports against it alone. 2 clauses of gRPC alone, 2 of them MUST: GRPC-META-01, GRPC-INF-01."
    )
    assert "Behaviour under load" in rows
    assert "Planned checks without a result: rest-never-ran" in rows
    assert rows["Article 15(5): A15-5-e"].endswith("Where to look instead: The technical documentation.")
    assert "People: operator" in rows
    assert "The model artefact" in rows


def test_a_run_without_a_closing_line_is_cut_short(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    factory.fill(bundle)
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(b'{"n":99,"at":"2026')
    made = build(tmp_path)
    assert made.report.cut_short
    assert "killed" in (made.report.cut_short_reason or "")
    assert made.summary.statements[0].startswith("Cut short:")
    assert len(made.checks) == 8


def test_a_check_line_that_cannot_be_used_is_not_dropped_in_silence(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    bundle.journal.append("check", factory.check("rest-a-holds") | {"verdict": "splendid"})
    bundle.journal.append("close", {"exit_code": 0})
    made = build(tmp_path)
    assert made.report.cut_short
    assert "(check) cannot be used" in (made.report.cut_short_reason or "")


def test_a_broken_chain_is_never_sealed_again(tmp_path: Path) -> None:
    factory.finished(tmp_path)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b"no id in 12", b"an id in 12"))
    with pytest.raises(BuildError, match=r"journal\.jsonl: line \d+: the chain is broken"):
        finish(tmp_path)


@pytest.mark.parametrize("name", ["plan.json", "journal.jsonl"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    factory.finished(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(BuildError, match=name):
        build(tmp_path)


def test_totals_come_from_the_exchange_lines(sealed: Path) -> None:
    run = document(sealed).run
    assert (run.requests, run.requests_failed, run.redactions) == (5, 1, 5)
    assert run.first_request == "2026-11-21T09:02:12.000000Z"
    assert run.last_request == "2026-11-21T09:02:16.000000Z"


@pytest.mark.parametrize(
    ("digests", "state"),
    [
        (["a", "a"], "unchanged"),
        (["a", "b"], "changed"),
        (["a"], "unknown"),
        ([], "unknown"),
        (["a", None, "a"], "unknown"),
    ],
)
def test_identity_over_the_run(tmp_path: Path, digests: list[str | None], state: str) -> None:
    bundle = factory.start(tmp_path, first_reading=False)
    for digest in digests:
        factory.identity(bundle, "middle", digest)
    assert build(tmp_path).item.models[0].identity_state == state


def failing(made: Evidence, slug: str) -> CheckResult:
    return next(check for check in made.checks if check.slug == slug)


def test_messages_are_excerpts_of_the_record(sealed: Path) -> None:
    case = failing(document(sealed), "rest-infer-echoes-id").counterexamples[0]
    assert case.request is not None
    assert case.response is not None
    assert case.request.line == "POST http://127.0.0.1:8080/v2/models/iris/infer HTTP/1.1"
    assert case.request.shown_as == "text"
    assert case.response.body == '{"model_name":"iris","outputs":[]}'
    hang = failing(document(sealed), "rest-infer-errors-are-json").counterexamples[1]
    assert hang.response is not None
    assert hang.response.line.startswith("no response: timeout")


def test_curl_sends_the_same_bytes(sealed: Path, tmp_path: Path) -> None:
    case = failing(document(sealed), "rest-infer-echoes-id").counterexamples[0]
    assert case.curl is not None
    assert case.request is not None
    words = shlex.split(case.curl)
    assert words[:5] == ["curl", "-sS", "--path-as-is", "-X", "POST"]
    body = words[words.index("--data-raw") + 1]
    assert hashlib.sha256(body.encode()).hexdigest() == case.request.body_sha256
    assert '-H "Authorization: Bearer $ART15_TOKEN"' in case.curl
    assert "[redacted]" not in case.curl


def test_curl_of_a_hostile_path_runs_nothing(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    marker = tmp_path / "ran"
    digest = bundle.exchange(method="GET", path=f"v2/models/x';touch {marker};$(touch {marker})`touch {marker}`[1-9]")
    bad = [factory.counterexample("r", ["REST-HTTP-01"], digest)]
    bundle.journal.append("check", factory.check("rest-a-holds", "fail", counterexamples=bad))
    curl = build(tmp_path).checks[0].counterexamples[0].curl
    assert curl is not None
    assert "--globoff" in curl
    assert "--data-binary" not in curl
    subprocess.run(["sh", "-c", f"curl() {{ :; }}; {curl}"], check=True, cwd=tmp_path)
    assert not marker.exists()


def test_a_missing_or_altered_record_is_told(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    digest = bundle.exchange(b"{}")
    bad = [factory.counterexample("r", ["REST-HTTP-01"], digest), factory.counterexample("r", [], "../../etc/passwd")]
    bundle.journal.append("check", factory.check("rest-a-holds", "fail", counterexamples=bad))
    path = tmp_path / PACK
    path.write_bytes(path.read_bytes()[:-40])
    made = build(tmp_path)
    assert [case.request for case in made.checks[0].counterexamples] == [None, None]
    assert "is missing" in " ".join(row.reason for row in made.silence)


@pytest.mark.parametrize(
    ("body", "limit", "shown"),
    [
        (b"", 8, ("", "empty", True)),
        ("aä".encode(), 8, ("aä", "text", True)),
        ("äää".encode(), 3, ("ä", "text", False)),  # cut inside a character
        (b"a\xc3", 8, ("61 c3", "hex", True)),
        (b"a\x00b", 8, ("61 00 62", "hex", True)),
        (b"a\r\n\tb", 8, ("a\r\n\tb", "text", True)),
        (b"a\x1b[31m", 8, ("61 1b 5b 33 31 6d", "hex", True)),
    ],
)
def test_a_body_is_text_only_where_it_is_text(body: bytes, limit: int, shown: tuple[str, str, bool]) -> None:
    assert excerpt(body, limit) == shown


def test_many_counterexamples_are_capped_but_every_root_stays(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    bad = [factory.counterexample("first", ["REST-HTTP-01"])] * 50 + [factory.counterexample("last", ["REST-HTTP-01"])]
    bundle.journal.append("check", factory.check("rest-a-holds", "fail", counterexamples=bad))
    made = build(tmp_path)
    assert len(made.checks[0].counterexamples) == 10
    assert made.checks[0].counterexamples_total == 51
    assert {case.root for case in made.checks[0].counterexamples} == {"first", "last"}
    assert {finding.root for finding in made.summary.findings} == {"first", "last"}


def test_a_passing_check_has_one_exemplar(sealed: Path) -> None:
    check = failing(document(sealed), "rest-six-operations-exist")
    assert check.exemplar is not None
    assert check.exemplar.request is not None
    assert check.exchanges_total == 40


def test_what_failed_is_never_pushed_out_by_warnings(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path)
    shown = bundle.exchange(b"{}")
    clauses = [("REST-HTTP-01", "must", "fail"), ("REST-ERR-02", "should", "warn")]
    light = [factory.counterexample(f"light-{n}", ["REST-ERR-02"], shown) for n in range(30)]
    heavy = [factory.counterexample("heavy", ["REST-HTTP-01"], each) for each in (None, shown)]
    bad = [*light, *heavy]
    bundle.journal.append("check", factory.check("rest-a-holds", "fail", clauses=clauses, counterexamples=bad))
    first, *rest = build(tmp_path).checks[0].counterexamples
    assert (first.root, first.exchange, len(rest)) == ("heavy", shown, 9)
    assert build(tmp_path).summary.findings[0].root == "heavy"
