"""Mistakes are told over either transport (inference_grpc.md, "gRPC")."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from typing import TYPE_CHECKING

from harness.check import NotApplicable, Untestable, check
from harness.generate.members import encoded
from harness.generate.transport_mistakes import TransportMistake, transport_mistakes
from harness.judging.encodings import same_version
from harness.judging.grpc_forms import typable
from harness.probing.names import name_root
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest

if TYPE_CHECKING:
    from harness.wire.protobuf import Form


@check(
    "transports-same-mistakes",
    clauses=["REST-ERR-07"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="what is refused over REST is refused over gRPC, and what is taken over one is taken over the other",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["grpc-unknown-output-ignored", "grpc-any-datatype-accepted", "grpc-repeated-input-accepted",
            "grpc-unknown-model-infer-ok", "grpc-one-value-for-all"],
    fix="Check requests behind the transports, once for both.",
    transport="both",
)  # fmt: skip
def transports_same_mistakes(probe: Probe) -> None:
    """The same mistake has the same fate over REST and gRPC.

    The accepted request with one mistake at a time: unknown model, input, output and datatype, another datatype than
    the model's, an input missing or there twice, elements too many or too few, a negative dimension. Whether it should
    be refused at all is for other checks.
    """
    request = _base(probe)
    metadata = probe.model.metadata
    mistakes = list(transport_mistakes(request, UNKNOWN_MODEL, named=bool(metadata and metadata.inputs)))
    sends = [partial(over, probe, request, each) for each in mistakes for over in (_over_rest, _over_grpc)]
    probe.endpoint.ahead.ask(sends, refused)
    for mistake in mistakes:
        rest, grpc = _over_rest(probe, request, mistake), _over_grpc(probe, request, mistake)
        observed = f"{mistake.why}: {status_of(rest)} over REST, {status_of(grpc)} over gRPC"
        if rest.error is not None or grpc.error is not None:
            probe.observe(observed)
            continue
        probe.holds(refused(rest) == refused(grpc), expected="refused over both, or taken over both", observed=observed,
                    exchange=grpc if refused(rest) else rest,
                    root=name_root(probe, _root(mistake.why)) if mistake.model else _root(mistake.why))  # fmt: skip
    if not probe.outcome.cases:
        probe.untestable("no mistake was answered over both transports")


# That a mistake is accepted is one root cause, over whichever transport: what each mistake is called elsewhere.
ROOTS = {
    "an unknown model": "unknown-model-answered:inference", "an unknown output": "REST-OUT-04",
    "the datatype": "DTYPE-03", "the empty datatype": "DTYPE-03", "an unknown input": "REST-INFER-06",
    "an input left out": "REST-INFER-06", "one element": "TDATA-05", "a dimension": "TDATA-10",
}  # fmt: skip


def _root(why: str) -> str | None:
    return next((root for start, root in ROOTS.items() if why.startswith(start)), None)


def _base(probe: Probe) -> InferRequest:
    """A request that both transports take, with several rows where the model takes them."""
    found = [probe.accepted().request]
    with contextlib.suppress(NotApplicable, Untestable):
        found.insert(0, probe.model.rest.batch(2).request)
    for request in found:
        both = (probe.model.rest.infer(request), same_version(probe).infer(request, _form(request)))
        if all(exchange.ok for exchange in both):
            return request
    return probe.untestable("no request is taken over both transports")


def _form(request: InferRequest) -> Form:
    return "typed" if typable(request) else "raw"


def _over_rest(probe: Probe, request: InferRequest, mistake: TransportMistake) -> Exchange:
    body = json.loads(request.to_bytes())
    name = mistake.model or probe.model.name
    mistake.in_json(body)
    return probe.client.infer(name, encoded(body), None if mistake.model else probe.model.address)


def _over_grpc(probe: Probe, request: InferRequest, mistake: TransportMistake) -> Exchange:
    return same_version(probe).infer(request, _form(request), mistake.in_message)
