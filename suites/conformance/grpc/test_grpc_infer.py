"""Inference over gRPC: ModelInfer and its reply (inference_grpc.md, "Inference"; open_inference_grpc.proto)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from harness.check import NotApplicable, Untestable, check
from harness.endpoint.route import MANY_ROWS
from harness.generate.inputs import candidates
from harness.generate.telling import telling
from harness.probing.grpc_replies import infer_reply, problem_of_reply
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.varied import vary

if TYPE_CHECKING:
    from harness.endpoint.grpc_route import Edit, GrpcAccepted


@check(
    "grpc-infer-answers-ok",
    clauses=["GRPC-INFER-01"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="a smallest valid request (model_name and inputs, typed where the datatypes allow) is answered OK",
    per="model",
    transport="grpc",
    faults=["grpc-id-required", "grpc-outputs-required", "grpc-version-required"],
    fix="Answer OK with the inference; id, model_version, parameters and outputs are optional in a request.",
)
def grpc_infer_answers_ok(probe: Probe) -> None:
    """A request that holds only the model's name and typed inputs is answered OK.

    Inputs are made from the model's metadata over gRPC (or taken from the policy's samples), plainest first, until one
    is accepted. A model that refuses them all with its own words is untestable, not at fault: it may want inputs that
    metadata cannot describe. No answer at all, acceptance only with an optional field, or only of raw contents where
    there is a typed form, is held against the endpoint.
    """
    model = probe.model.grpc
    try:
        accepted = model.accepted()
    except Untestable:
        if not model.refusals:
            raise
        first = model.refusals[0]
        insisted = _insists(probe)
        if insisted is None and first.answered:
            raise
        observed = f"{status_of(first)}{f', but accepted with {insisted}' if insisted else ''}"
        probe.holds(False, expected="an answer without optional fields", observed=observed, exchange=first)
        return
    exchange = accepted.exchange
    if accepted.request.is_large:
        probe.observe("the request is too large to be written out: sent as raw contents")
    elif accepted.form == "raw" and _has_typed_form(accepted.request):
        exchange = model.infer(accepted.request, "typed")
    observed = f"{status_of(exchange)}{'' if exchange.ok else ', but accepted with raw contents'}"
    probe.holds(exchange.ok, expected="OK with typed contents", observed=observed, exchange=exchange)


def _has_typed_form(request: InferRequest) -> bool:
    return all(tensor.datatype in DATATYPES and DATATYPES[tensor.datatype].grpc_field for tensor in request.inputs)


def _insists(probe: Probe) -> str | None:
    """Which optional field makes the difference to a model that refuses requests without any."""
    model = probe.model.grpc
    if model.metadata is None:
        return None
    names, versions = [tensor.name for tensor in model.metadata.outputs], model.metadata.versions or ("1",)

    def whole(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
        message.id, message.model_version = "1", versions[-1]
        for name in names:
            message.outputs.add(name=name)

    tried: dict[str, Edit] = {
        "id": lambda message: setattr(message, "id", "1"),
        "model_version": lambda message: setattr(message, "model_version", versions[-1]),
        "id, model_version and outputs": whole,
    }
    for request in (*model.samples[:1], *islice(candidates(model.metadata.inputs), 1)):
        for label, edit in tried.items():
            if model.infer(request, "typed" if _has_typed_form(request) else "raw", edit).ok:
                return label
    return None


@check(
    "grpc-infer-reply-well-formed",
    clauses=["GRPC-INFER-02"],
    duties=["A15-4-d"],
    criterion="replies can be decoded and have model_name, and name, datatype of the table and sizes of each output",
    per="model",
    transport="grpc",
    needs=["grpc-infer-answers-ok"],
    faults=[
        "grpc-reply-without-model-name",
        "grpc-reply-datatype-prefixed",
        "grpc-reply-datatype-missing",
        "grpc-reply-shape-from-metadata",
        "grpc-reply-name-missing",
        "grpc-reply-garbage-after",
    ],
    fix="Fill model_name, and name, datatype and the shape of the data in every output.",
)
def grpc_infer_reply_well_formed(probe: Probe) -> None:
    """Every reply names its model and describes its outputs.

    Looks at the reply to the accepted request in each form that is OK, with an id, and to batches of two and of forty
    rows where the model takes them.
    """
    for label, exchange in _replies(probe):
        message, problem = infer_reply(exchange)
        problem = problem or problem_of_reply(message)
        observed = f"{label}: {problem or 'all there'}"
        expected = "model_name, and name, datatype and sizes of each output"
        probe.holds(problem is None, expected=expected, observed=observed, exchange=exchange)


def _replies(probe: Probe) -> Iterator[tuple[str, Exchange]]:
    """Replies that are OK to requests of several kinds."""
    model, accepted = probe.model.grpc, probe.model.grpc.accepted()
    yield f"accepted, {accepted.form}", accepted.exchange
    if accepted.form == "typed":
        raw = model.infer(accepted.request, "raw")
        if raw.ok:
            yield "accepted, raw", raw
    named = model.infer(accepted.request, accepted.form, _with_id("42"))
    if named.ok:
        yield "with an id", named
    for rows in (2, MANY_ROWS):
        with contextlib.suppress(NotApplicable, Untestable):
            yield f"{rows} rows", model.batch(rows).exchange


def _with_id(text: str) -> Edit:
    return lambda message: setattr(message, "id", text)


@check(
    "grpc-infer-all-outputs",
    clauses=["GRPC-INFER-04"],
    duties=["A15-4-d"],
    criterion="without requested outputs every output of the metadata is returned, and each requested one is",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-first-output-only", "grpc-other-output-returned"],
    fix="Return every output the model produces unless the request selects some, and then those.",
)
def grpc_infer_all_outputs(probe: Probe) -> None:
    """Without a selection all outputs come back, and each one asked for does.

    Compares the names in the reply with those in the metadata over gRPC; then each output that came unasked is asked
    for alone, and all together.
    """
    accepted, metadata = probe.model.grpc.accepted(), probe.model.grpc.metadata
    returned = _names(accepted.exchange)
    described = [tensor.name for tensor in metadata.outputs] if metadata else []
    good = set(described) <= set(returned)
    observed = f"outputs {sorted(returned)}"
    # A sample of the policy that selects outputs says nothing of what comes without a selection.
    if accepted.request.outputs is None:
        probe.holds(good, expected=f"outputs {sorted(described)}", observed=observed, exchange=accepted.exchange)
    for asked in (*([name] for name in telling(returned)), returned):
        exchange = probe.answered(select(probe, accepted, asked))
        found = _names(exchange)
        good, observed = exchange.ok and set(asked) <= set(found), f"{status_of(exchange)}, outputs {sorted(found)}"
        probe.holds(good, expected=f"outputs {asked}", observed=observed, exchange=exchange)


@check(
    "grpc-outputs-unrequested-left-out",
    clauses=["GRPC-INFER-05"],
    duties=["A15-4-d"],
    criterion="an output that is not asked for is not returned when others are",
    per="model",
    transport="grpc",
    needs=["grpc-infer-all-outputs"],
    faults=["grpc-output-filter-ignored"],
    fix="Filter the outputs by the request.",
)
def grpc_outputs_unrequested_left_out(probe: Probe) -> None:
    """Outputs that are not asked for stay out.

    Each output is asked for alone; after each, a request without a selection gets all of them.
    """
    accepted = probe.model.grpc.accepted()
    names = _names(accepted.exchange)
    if len(names) < 2:
        probe.not_applicable("the model has one output only")
    for name in telling(names):
        exchange = probe.answered(select(probe, accepted, [name]))
        found = _names(exchange)
        good, observed = exchange.ok and found == [name], f"{status_of(exchange)}, outputs {sorted(found)}"
        probe.holds(good, expected=f"only {name!r}", observed=observed, exchange=exchange)
        plain = probe.answered(probe.model.grpc.infer(accepted.request, accepted.form))
        found = _names(plain)
        expected = "all outputs again, without a selection"
        probe.holds(set(found) == set(names), expected=expected, observed=f"outputs {sorted(found)}", exchange=plain)


@check(
    "grpc-refuses-unknown-output",
    clauses=["GRPC-INFER-05"],
    duties=["A15-4-c"],
    criterion="a request for an output that the model does not have ends in an error status",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-unknown-output-ignored"],
    fix="Look requested outputs up by name and refuse the unknown.",
)
def grpc_refuses_unknown_output(probe: Probe) -> None:
    """Asking for an output that the model does not have is refused.

    The accepted request with one output of a name no model has: alone, and beside one that the model returned.
    """
    accepted = probe.model.grpc.accepted()
    for asked in (["no-such-output"], [*_names(accepted.exchange)[:1], "no-such-output"]):
        exchange = probe.answered(select(probe, accepted, asked))
        observed = f"outputs {asked}: {status_of(exchange)}"
        root = "REST-OUT-04" if exchange.ok else None
        probe.holds(refused(exchange), expected="an error status", observed=observed, exchange=exchange, root=root)


def select(probe: Probe, accepted: GrpcAccepted, names: list[str]) -> Exchange:
    """The accepted request once more, asking for some outputs."""
    return probe.model.grpc.infer(vary(accepted.request, outputs=names), accepted.form)


def _names(exchange: Exchange) -> list[str]:
    """Names of the outputs of an answer, in their order, also where their contents cannot be read."""
    message, _ = infer_reply(exchange)
    return [output.name for output in message.outputs] if message is not None else []
