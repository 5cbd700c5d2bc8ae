"""Binary tensor data in answers: which outputs come as bytes, and where they are (extension_binary_data.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.check import check
from harness.endpoint.rest_route import outputs_of
from harness.endpoint.route import with_id
from harness.generate.members import encoded
from harness.judging.binary import NON_ASCII_ID, Binary, entries_of, is_size, offered, size_of
from harness.judging.refusals import base_of
from harness.probing.json_values import shown
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.binary import NotBinary, SplitReply, split_reply
from harness.wire.varied import all_binary, wishing

GZIP = "gzip accepted"


@check(
    "binary-reply-lengths",
    clauses=["BIN-09"],
    duties=["A15-4-d"],
    criterion="the length header is the length of the JSON in bytes, and the sizes of the outputs are all that follows",
    per="model",
    needs=["binary-request-works"],
    faults=[
        "length-header-missing",
        "length-header-off-by-one",
        "length-header-is-total",
        "length-header-in-characters",
        "length-header-hexadecimal",
        "binary-size-counts-elements",
        "binary-size-one-too-many",
        "reply-stray-bytes",
        "reply-gap-after-json",
        "reply-last-byte-lost",
    ],
    fix="Serialise the JSON, count its bytes, send the count, then write the parts in the order of the outputs.",
)
def binary_reply_lengths(probe: Probe) -> None:
    """The lengths of a binary answer describe its body.

    Answers to requests for binary outputs, in JSON and in binary, without an id and with one outside ASCII, with two
    rows, for one output only, and with Accept-Encoding: gzip, where the lengths are those of the decoded body. The
    label of the answer is recorded.
    """
    with offered(probe) as binary:
        labels = set()
        for name, exchange in _binary_answers(binary):
            problem = _length_problem(exchange)
            if problem == "":
                continue
            labels.add(exchange.media_type or "none")
            if exchange.header("Content-Encoding") and name != GZIP:
                probe.observe(f"{name}: coded as {exchange.header('Content-Encoding')} without being asked", "BIN-09")
            observed = f"{name}: {problem or 'header and sizes make up the body'}"
            expected = "header and sizes that make up the body"
            binary.probe.holds(problem is None, expected=expected, observed=observed, exchange=exchange)
        if not labels:
            probe.untestable("no answer to a request for binary outputs is binary")
        probe.observe(f"Content-Type of binary answers: {', '.join(sorted(labels))}", "BIN-09")


def _binary_answers(binary: Binary) -> Iterator[tuple[str, Exchange]]:
    probe = binary.probe
    base = probe.model.rest.accepted().request
    names = list(outputs_of(probe.model.rest.accepted().exchange))
    every = all_binary(base)
    identified = with_id(every, NON_ASCII_ID)
    yield "all outputs, asked for in JSON", binary.json(every)
    yield "all outputs", binary.infer(every)
    if binary.json(with_id(base, NON_ASCII_ID)).ok:
        yield "id outside ASCII", binary.infer(identified)
    yield "two rows", binary.infer(all_binary(base_of(probe).request))
    yield "one output", binary.infer(wishing(base, {names[0]: True} if names else None))
    yield GZIP, probe.answered(binary.send(binary.body(every), accept_encoding="gzip"))


def _length_problem(exchange: Exchange) -> str | None:
    """Why an answer is not as its lengths say; empty where it is an error or plain JSON, which says nothing here."""
    if not exchange.ok:
        return ""
    try:
        split = split_reply(exchange)
    except NotBinary as error:
        return str(error)
    sizes = [size_of(entry) for entry in entries_of(split)]
    if split.announced is None and not any(sizes):
        return ""
    if split.announced is None:
        return "outputs announce bytes, and there is no length header"
    odd = [size for size in sizes if size is not None and not is_size(size)]
    if odd:
        return f"binary_data_size is {shown(odd[0])}"
    total = sum(size for size in sizes if isinstance(size, int))
    wrong = total != len(split.rest)
    return f"the sizes add up to {total}, {len(split.rest)} bytes follow the JSON" if wrong else None


@check(
    "binary-answer-follows-base-rules",
    clauses=["BIN-16"],
    duties=["A15-4-d"],
    criterion="a binary answer has the model_name, id, datatypes and shapes that the answer in JSON has",
    per="model",
    needs=["binary-reply-lengths"],
    faults=[
        "binary-id-lost",
        "binary-model-name-missing",
        "binary-shape-flat",
        "binary-datatype-lowercase",
        "binary-datatype-missing",
        "binary-model-name-wrong",
    ],
    fix="Build both kinds of answer from one object; only the data of outputs travels differently.",
)
def binary_answer_follows_base_rules(probe: Probe) -> None:
    """Binary answers have the members that answers have.

    Two requests with ids, one of them outside ASCII, each answered in JSON and in binary: model_name, id, and name,
    datatype and shape of every output. What the answer in JSON lacks, other checks find.
    """
    with offered(probe) as binary:
        for request_id in ("42", NON_ASCII_ID):
            request = with_id(base_of(probe).request, request_id)
            plain = binary.json(request)
            exchange = binary.infer(all_binary(request))
            if not plain.ok or not exchange.ok:
                continue
            for member, wanted, found in _members(binary.split(plain), binary.split(exchange)):
                good = wanted is None or found == wanted
                observed = f"{member}: {shown(found)}"
                binary.probe.holds(good, expected=f"{member} {shown(wanted)}", observed=observed, exchange=exchange)


def _members(plain: SplitReply, found: SplitReply) -> Iterator[tuple[str, Any, Any]]:
    for member in ("model_name", "id"):
        yield member, plain.value.get(member), found.value.get(member)
    entries = {str(entry.get("name")): entry for entry in entries_of(found)}
    for entry in entries_of(plain):
        name = str(entry.get("name"))
        for member in ("datatype", "shape"):
            yield f"{member} of output {name!r}", entry.get(member), entries.get(name, {}).get(member)


@check(
    "binary-empty-output",
    clauses=["BIN-15"],
    duties=["A15-4-d"],
    criterion="an empty output asked for in binary has binary_data_size 0 or empty data, with or without the header",
    per="model",
    needs=["binary-reply-lengths"],
    faults=["empty-binary-output-says-nothing"],
    fix="Give binary_data_size 0, and the length header as in any binary answer.",
)
def binary_empty_output(probe: Probe) -> None:
    """An empty output in binary is still described.

    Zero rows in every input, where metadata gives each a leading variable dimension, with all outputs asked for in
    binary. Whether the answer has the length header is recorded: that is not said.
    """
    with offered(probe) as binary:
        inputs = probe.model.metadata.inputs if probe.model.metadata else ()
        if not inputs or any(not tensor.shape or tensor.shape[0] != -1 for tensor in inputs):
            probe.not_applicable("not every input has a leading variable dimension")
        value = all_binary(probe.model.rest.accepted().request).to_value()
        for entry in value["inputs"]:
            entry["shape"][0], entry["data"] = 0, []
        model = probe.model
        exchange = probe.answered(probe.client.infer(model.name, encoded(value), model.address))
        if not exchange.ok:
            probe.not_applicable(f"zero rows are answered {status_of(exchange)}")
        split = binary.split(exchange)
        header = "no" if split.announced is None else "a"
        probe.observe(
            f"empty outputs come with {header} length header, as {exchange.media_type or 'no type'}", "BIN-15"
        )
        for entry in entries_of(split):
            size, data = size_of(entry), entry.get("data")
            good = is_size(size) or isinstance(data, list)
            observed = f"output {entry.get('name')!r}: size {shown(size)}, data {shown(data)}"
            binary.probe.holds(good, expected="binary_data_size or data", observed=observed, exchange=exchange)
