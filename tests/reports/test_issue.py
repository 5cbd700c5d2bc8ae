"""A finding on its way out: the text of an issue, and the line for grpcurl."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from google.protobuf import text_format
from tritonclient.grpc import service_pb2

from harness.bundle.exchange import ExchangeRecord, decode
from harness.bundle.places import RECORD
from harness.bundle.store import store_of
from harness.cli import main
from harness.run.bundles.issue import NoFinding, issue_of
from reports.document.grpcurl import grpcurl
from reports.document.specification import link_of
from reports.evidence import ClauseRow
from reports.evidence import decode as document_of
from tests.reports import factory, hostile_words
from tests.reports.test_tool_exports import INVISIBLE, as_a_forge_does


def recorded(bundle: factory.Bundle, digest: str) -> ExchangeRecord:
    return decode(store_of(bundle.folder).get(digest, RECORD))


def infer() -> service_pb2.ModelInferRequest:
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, 2], "contents": {"fp32_contents": [0.5, -1]}}
    return service_pb2.ModelInferRequest(model_name="it's \n \"x\" \\' $HOME `id`", inputs=[tensor])


def test_a_call_is_made_again_by_grpcurl(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path, transports=["rest", "grpc"])
    text = text_format.MessageToString(infer())
    digest = bundle.call(infer().SerializeToString(), texts=(text, None), metadata=[["x-tenant", "a b"]])
    line = grpcurl(recorded(bundle, digest))
    assert line is not None
    assert "\n" not in line
    words = shlex.split(line)
    # Go has no escape for an apostrophe within double quotes, and refuses it (seen with grpcurl 1.8.6).
    assert not re.search(r"(?<!\\)(\\\\)*\\'", words[words.index("-d") + 1])
    assert words[:6] == ["grpcurl", "-plaintext", "-format", "text", "-proto", "open_inference_grpc.proto"]
    assert words[6:10] == ["-H", "Authorization: Bearer $ART15_TOKEN", "-H", "x-tenant: a b"]
    assert text_format.Parse(words[words.index("-d") + 1], service_pb2.ModelInferRequest()) == infer()
    assert words[-2:] == ["127.0.0.1:8001", "inference.GRPCInferenceService/ModelInfer"]


@pytest.mark.parametrize(
    ("sent", "text"), [(b"\xff\xff", None), (b"\x98\x03\x01", "51: 1\n"), (b"\n\x01a", "m" * 10_000)],
    ids=["no message", "unknown field", "long"],
)  # fmt: skip
def test_what_grpcurl_cannot_say(tmp_path: Path, sent: bytes, text: str | None) -> None:
    bundle = factory.start(tmp_path, transports=["rest", "grpc"])
    assert grpcurl(recorded(bundle, bundle.call(sent, texts=(text, None)))) is None
    assert grpcurl(recorded(bundle, bundle.exchange(sent))) is None


def test_a_call_without_a_message_is_one(tmp_path: Path) -> None:
    bundle = factory.start(tmp_path, transports=["rest", "grpc"])
    line = grpcurl(recorded(bundle, bundle.call(b"")))
    assert line is not None
    assert shlex.split(line)[-3:] == ["", "127.0.0.1:8001", "inference.GRPCInferenceService/ModelInfer"]


def clause(document: str) -> ClauseRow:
    return ClauseRow(
        id="A", transport="rest", area="a", level="must", text="t", document=document, section="s", verdict=None,
        checks=[], reason=None,
    )  # fmt: skip


def test_a_clause_is_linked_where_it_is_written() -> None:
    address = "https://github.com/kserve/open-inference-protocol/blob/d49cc23/specification/protocol/inference_rest.md"
    assert link_of(clause("inference_rest.md"), "d49cc23") == address
    assert link_of(clause("Triton extension_trace.md"), "d49cc23") is None
    assert link_of(clause("inference_rest.md"), "not recorded") is None


def test_an_issue_says_all_that_its_reader_needs(sealed: Path) -> None:
    document = document_of((sealed / "evidence.json").read_bytes())
    found = issue_of(document, store_of(sealed), "rest-infer-echoes-id[iris]")
    assert found == issue_of(document, store_of(sealed), "rest-infer-echoes-id")
    parts = ["What the protocol says", "(MUST", "Expected: id is 'a'", "Observed: the answer has no id", "curl -sS"]
    parts += ["Sent:", '\n{"id":"a"', "Answered:", '"outputs":[]', "How it is usually mended", "Copy the id"]
    places = [found.text.index(part) for part in parts]
    assert places == sorted(places)
    assert found.title == next(each.title for each in document.summary.findings if each.root == "id-lost")
    with pytest.raises(NoFinding, match=r"did you mean 'rest-infer-echoes-id.*found were: rest-infer-echoes-id"):
        issue_of(document, store_of(sealed), "rest-infer-echoes")


def test_hostile_words_stay_words_in_an_issue(tmp_path: Path) -> None:
    folder = hostile_words.finished(tmp_path / "evidence")
    document = document_of((folder / "evidence.json").read_bytes())
    for at in range(len(hostile_words.EVIL)):
        found = issue_of(document, store_of(folder), f"rest-evil-{at}")
        assert not INVISIBLE.search(found.title + found.text)
        assert len(found.text) < 60_000
        assert "\n" not in found.title
        html = as_a_forge_does(found.text)
        assert set(re.findall(r"<(\w+)", html)) <= {"h3", "blockquote", "p", "pre", "code", "a"}
        outside = re.sub(r"<pre.*?</pre>", "", html.replace("\n", " "))
        assert not re.search(r"(?i)@\w|#\d|\bGH-\d|www\.\w|href=\"(?!https://github.com/kserve/)", outside)


def test_the_command_writes_title_and_text(sealed: Path) -> None:
    ran = CliRunner().invoke(main, ["issue", "rest-infer-echoes-id", str(sealed)])
    assert (ran.exit_code, ran.output[:26]) == (0, "### What the protocol says")
    ran = CliRunner().invoke(main, ["issue", "--title", "rest-infer-echoes-id", str(sealed)])
    assert (ran.exit_code, ran.output.count("\n")) == (0, 1)
    assert CliRunner().invoke(main, ["issue", "nothing", str(sealed)]).exit_code == 1
