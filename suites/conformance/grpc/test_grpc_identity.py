"""What a reply over gRPC belongs to: id, model, version (open_inference_grpc.proto, ModelInferResponse)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.check import check
from harness.generate.values import request_ids
from harness.oracles.changes import id_root
from harness.probing.grpc_replies import infer_reply
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.record.quoting import clip

if TYPE_CHECKING:
    from harness.wire.protobuf import Form

IDS = ("42", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "a b/c?d", "z" * 256, "ключ-鍵-é")
# Such as a header or a text of C cannot hold: they may be refused.
ODD_IDS = ("a\x00b", "a\r\nX-Art15: b")
# As many replies as show a server that names another model, or version, every now and then.
ROUNDS = 12


@check(
    "grpc-infer-echoes-id",
    clauses=["REST-RESP-04"],
    duties=["A15-4-d"],
    criterion="each id that was sent comes back unchanged over gRPC",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-id-dropped", "grpc-id-dropped-when-raw", "grpc-id-of-other-request", "grpc-id-ends-at-nul"],
    fix="Copy the id of the request into the reply, whatever form it has.",
)
def grpc_infer_echoes_id(probe: Probe) -> None:
    """A non-empty request id comes back unchanged over gRPC.

    Five ids (digits, a UUID, reserved characters, 256 characters, non-ASCII text) with the accepted request, raw once
    more where that is OK; a NUL and line breaks, which may be refused; then ids are drawn (no control characters) until
    one does not come back.
    """
    accepted = probe.model.grpc.accepted()
    kept = [_echoes(probe, request_id, accepted.form) for request_id in IDS]
    if accepted.form == "typed" and probe.model.grpc.infer(accepted.request, "raw").ok:
        kept.append(_echoes(probe, IDS[0], "raw"))
    kept += [_echoes(probe, request_id, accepted.form, may_refuse=True) for request_id in ODD_IDS]
    if not all(kept):
        return
    found = probe.search(request_ids(), lambda drawn: _id_of(_infer(probe, drawn, accepted.form)) == drawn)
    if found is not None:
        _echoes(probe, found.smallest, accepted.form)


def _echoes(probe: Probe, request_id: str, form: Form, *, may_refuse: bool = False) -> bool:
    exchange = probe.answered(_infer(probe, request_id, form))
    returned = _id_of(exchange)
    observed = f"{form}: {status_of(exchange)}, id {returned!r}"
    root = id_root(request_id, returned) if exchange.ok else None
    expected = f"id {clip(request_id, 60)!r}"
    good = returned == request_id or (may_refuse and refused(exchange))
    return probe.holds(good, expected=expected, observed=observed, exchange=exchange, root=root)


def _infer(probe: Probe, request_id: str, form: Form) -> Exchange:
    request = probe.model.grpc.accepted().request
    return probe.model.grpc.infer(request, form, lambda message: setattr(message, "id", request_id))


def _id_of(exchange: Exchange) -> str | None:
    message, _ = infer_reply(exchange)
    return message.id if message is not None else None


@check(
    "grpc-infer-id-when-unasked",
    clauses=["GRPC-INFER-03"],
    duties=["A15-4-d"],
    criterion="a reply to a request without id has none, or one of the server's own",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-remembers-last-id"],
    fix="Leave the id empty, or make one up; keep none of another request.",
)
def grpc_infer_id_when_unasked(probe: Probe) -> None:
    """A reply to a request without id has no id of another request.

    Any id is right and none is, which is recorded. Only that of the request just before belongs to somebody else.
    """
    accepted = probe.model.grpc.accepted()
    first = _id_of(accepted.exchange)
    probe.observe(f"without a request id, the id of the reply is {'made up' if first else 'empty'}", "GRPC-INFER-03")
    probe.answered(_infer(probe, "of-another-request", accepted.form))
    exchange = probe.answered(probe.model.grpc.infer(accepted.request, accepted.form))
    returned = _id_of(exchange)
    good, expected = returned != "of-another-request", "no id of an earlier request"
    observed = f"{status_of(exchange)}, id {returned!r}"
    probe.holds(good, expected=expected, observed=observed, exchange=exchange, root="earlier-id-returned")


@check(
    "grpc-infer-names-model",
    clauses=["REST-RESP-03"],
    duties=["A15-4-d"],
    criterion="model_name of each of twelve replies is the name that was asked",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-other-model-every-tenth"],
    fix="Copy the name of the model that computed the reply.",
)
def grpc_infer_names_model(probe: Probe) -> None:
    """A reply names the model that was asked.

    The accepted request twelve times. Another name is a warning at most: routers may rename models.
    """
    accepted = probe.model.grpc.accepted()
    for _ in range(ROUNDS):
        exchange = probe.answered(probe.model.grpc.infer(accepted.request, accepted.form))
        message, problem = infer_reply(exchange)
        observed = problem or f"model_name {message.model_name!r}"
        good, expected = problem is None and message.model_name == probe.model.name, f"{probe.model.name!r}"
        probe.holds(good, expected=f"model_name {expected}", observed=observed, exchange=exchange)


@check(
    "grpc-version-answered-is-requested",
    clauses=["VERS-04"],
    duties=["A15-4-d", "A15-1-d"],
    criterion="an inference on a version that the metadata lists has that model_version, or none",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-version-ignored"],
    fix="Compute the reply with the version that was asked for, and report that one.",
)
def grpc_version_answered_is_requested(probe: Probe) -> None:
    """A reply to a request for a version comes from that version.

    The accepted request for each version that the metadata lists over gRPC; one that is refused is passed over.
    """
    accepted, versions = probe.model.grpc.accepted(), _versions(probe)
    answered = 0
    for version in versions[:20]:
        exchange = probe.answered(_of_version(probe, version))
        message, problem = infer_reply(exchange)
        if problem is not None:
            probe.observe(f"version {version}: {problem}", "VERS-04")
            continue
        answered += 1
        observed = f"version {version}: model_version {message.model_version!r}"
        good, expected = message.model_version in ("", version), f"model_version {version!r}, or none"
        probe.holds(good, expected=expected, observed=observed, exchange=exchange)
    if not answered:
        probe.untestable(f"no listed version takes the request that is OK without one ({accepted.form})")


@check(
    "grpc-version-unknown-refused",
    clauses=["VERS-02"],
    duties=["A15-4-d"],
    criterion="metadata and inference for an unknown version of a model that reports versions end in an error status",
    per="model",
    transport="grpc",
    needs=["grpc-infer-answers-ok"],
    faults=["grpc-version-ignored"],
    fix="Answer NOT_FOUND for a version that is not there.",
)
def grpc_version_unknown_refused(probe: Probe) -> None:
    """A version that does not exist is not answered as if it did.

    ModelMetadata and ModelInfer for version 999999 of a model whose metadata over gRPC lists versions.
    """
    _versions(probe)
    answers = {
        "ModelMetadata": probe.grpc.model_metadata(probe.model.name, "999999"),
        "ModelInfer": _of_version(probe, "999999"),
    }
    for method, exchange in answers.items():
        observed = f"{method}: {status_of(probe.answered(exchange))}"
        probe.observe(f"version 999999: {observed}", "VERS-02")
        probe.holds(refused(exchange), expected="an error status", observed=observed, exchange=exchange)


def _versions(probe: Probe) -> tuple[str, ...]:
    metadata = probe.model.grpc.metadata
    if metadata is None or not metadata.versions:
        probe.not_applicable("the model reports no versions over gRPC")
    return metadata.versions


def _of_version(probe: Probe, version: str) -> Exchange:
    accepted = probe.model.grpc.accepted()
    return probe.model.grpc.infer(
        accepted.request, accepted.form, lambda message: setattr(message, "model_version", version)
    )
