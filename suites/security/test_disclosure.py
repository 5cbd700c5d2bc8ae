"""What errors give away of the inside. Good practice: no clause forbids a stack trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Literal

from harness.check import HINDSIGHT, Untestable, check
from harness.criteria import Advice
from harness.generate.members import with_data, with_members
from harness.judging.disclosure import DISCLOSURE, SECRET, check_disclosure, words
from harness.judging.passive.reporting import report_sightings
from harness.judging.refusals import mistakes_made
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import refused
from harness.record.exchange import Exchange

SILENCES = 4
# Deeper than any tensor, far from what would exhaust a parser.
NESTED = 120


@check(
    "security-errors-hide-internals",
    duties=["A15-5-h"],
    criterion="no error tells of a stack trace, a file path, the environment, an internal host or a secret",
    per="model",
    advice=[Advice.NO_DISCLOSURE, Advice.NO_SECRETS],
    needs=["rest-infer-answers-200"],
    faults=[
        "stack-trace-in-errors",
        "stack-trace-for-wrong-count",
        "stack-trace-only-when-nested-deeply",
        "java-stack-trace-for-unknown-model",
        "stack-trace-in-metadata-error",
        "file-path-in-error",
        "file-path-of-unknown-model",
        "environment-in-error",
        "database-url-in-error",
        "internal-host-in-error",
        "stack-trace-in-header",
        "stack-trace-after-ten-errors",
    ],
    fix="Answer with a text of your own and an id to look up; keep the exception for the log.",
    last=HINDSIGHT,
)
def security_errors_hide_internals(probe: Probe) -> None:
    """Errors over REST tell nothing of the inside.

    All invalid requests of the conformance checks, and some that reach further in: wrong types deep inside, values no
    data type holds, texts that are no text, unknown routes, methods and versions. Patterns are of high confidence, and
    what the request said itself does not count. Headers are looked at as well. After four requests without an answer no
    more are sent: that is the business of other checks. What answers to other checks of the run told counts as well. A
    pass shows that these errors hide what these patterns find, no more. MITRE ATLAS AML.T0063, AML.T0014.
    """
    seen = silent = 0
    for name, exchange in chain(_mistakes(probe), _further(probe)):
        silent += not exchange.answered
        if silent == SILENCES:
            break
        if not refused(exchange):
            continue
        seen += 1
        headers = "\n".join(f"{key}: {value}" for key, value in exchange.response_headers)
        check_disclosure(probe, name, exchange, f"{words(exchange)}\n{headers}")
    _others(probe, "rest")
    if not seen:
        probe.untestable("the endpoint refused none of these requests")


@check(
    "security-grpc-errors-hide-internals",
    duties=["A15-5-h"],
    criterion="no error status tells of a stack trace, a file path, the environment, an internal host or a secret",
    per="model",
    advice=[Advice.NO_DISCLOSURE, Advice.NO_SECRETS],
    transport="grpc",
    faults=["stack-trace-in-grpc-details", "file-path-in-grpc-details"],
    fix="Set details of your own in one interceptor; keep the exception for the log.",
    last=HINDSIGHT,
)
def security_grpc_errors_hide_internals(probe: Probe) -> None:
    """Errors over gRPC tell nothing of the inside.

    Unknown model and version, a wrong shape, an unknown data type, too few elements, bytes that are no message. Status
    details and trailing metadata are looked at. What other calls of the run were told counts as well. MITRE ATLAS
    AML.T0063, AML.T0014.
    """
    seen = 0
    for name, exchange in _grpc_mistakes(probe):
        if exchange.rpc is None or exchange.rpc.code == 0:
            continue
        seen += 1
        trailers = "\n".join(f"{key}: {value}" for key, value in exchange.response_trailers)
        check_disclosure(probe, name, exchange, f"{exchange.rpc.details}\n{trailers}")
    _others(probe, "grpc")
    if not seen:
        probe.untestable("the endpoint refused none of these calls")


def _others(probe: Probe, transport: Literal["rest", "grpc"]) -> None:
    """What answers to whatever check have told so far: "errors tell nothing" is no pass where one on record does."""
    report_sightings(probe, transport, DISCLOSURE, "nothing of the inside")
    report_sightings(probe, transport, SECRET, "no secret")


def _mistakes(probe: Probe) -> Iterator[tuple[str, Exchange]]:
    return ((mutation.name, exchange) for mutation, exchange in mistakes_made(probe))


def _further(probe: Probe) -> Iterator[tuple[str, Exchange]]:
    request = probe.accepted().request
    client, name, address = probe.client, probe.model.name, probe.model.address
    odd = {"a": [None, {"b": 1}]}
    bodies = {
        "an object as data": with_data(request, odd),
        "data nested too deeply": with_data(request, "DEEP").replace(b'"DEEP"', b"[" * NESTED + b"1" + b"]" * NESTED),
        "a number that no type holds": with_data(request, [10**400] * 3),
        "null as shape": with_data(request, [1], shape=None),
        "shape of texts": with_data(request, [1], shape=["a"]),
        "datatype of no kind": with_data(request, [1], datatype={"x": 1}),
        "parameters that are a list": with_members(request, parameters=[1]),
        "outputs that are numbers": with_members(request, outputs=[1]),
        "half a surrogate pair": with_members(request, id="ID").replace(b'"ID"', b'"\\ud800"'),
        "bytes that are no UTF-8": b'{"inputs": "\xff\xfe"}',
        "a content that is too short": b'{"inputs": [',
    }
    path = client.model_path(name, address, "infer")
    length = (("Inference-Header-Content-Length", "x"),)
    sends: dict[str, Callable[[], Exchange]] = {
        **{why: partial(client.infer, name, body, address) for why, body in bodies.items()},
        "a length that is no number": partial(client.infer, name, request, address, headers=length),
        "unknown model": partial(client.infer, UNKNOWN_MODEL, request),
        "metadata of an unknown model": partial(client.model_metadata, UNKNOWN_MODEL),
        "metadata of an unknown version": partial(client.model_metadata, name, "no-such-version"),
        "unknown version": partial(client.infer, name, request, "no-such-version"),
        "unknown route": partial(client.send, "GET", "/v2/no/such/route"),
        "wrong method": partial(client.send, "DELETE", path),
        "wrong coding": partial(client.send, "POST", path, b"not gzip", (("Content-Encoding", "gzip"),)),
    }
    probe.endpoint.ahead.ask(list(sends.values()))
    yield from ((why, send()) for why, send in sends.items())


@dataclass(frozen=True, slots=True)
class _Edit:
    """Changes one member of the first input of a ModelInferRequest."""

    member: str
    value: object

    def __call__(self, message: object) -> None:
        tensor = message.inputs[0]  # type: ignore[attr-defined]  # a generated message
        if self.member == "shape":
            del tensor.shape[:]
            tensor.shape.extend(self.value)
        else:
            setattr(tensor, self.member, self.value)


def _grpc_mistakes(probe: Probe) -> list[tuple[str, Exchange]]:
    from harness.probing.grpc_calls import load_of_nobody  # noqa: PLC0415 -- needs the extra grpc

    grpc = probe.grpc
    found = [
        ("unknown model", grpc.model_metadata(UNKNOWN_MODEL)),
        ("unknown version", grpc.model_metadata(probe.model.name, "no-such-version")),
        ("no message", grpc.call("ModelInfer", b"\xff\xff\xff")),
        ("unknown method", grpc.call("NoSuchMethod")),
        ("load of an unknown model", grpc.call("RepositoryModelLoad", load_of_nobody(grpc.call("RepositoryIndex")))),
    ]
    try:
        accepted = probe.model.grpc.accepted()
    except Untestable:
        return found
    edits = {
        "negative shape": _Edit("shape", (-7,)),
        "shape beyond 64 bits": _Edit("shape", (2**40, 2**40)),
        "unknown data type": _Edit("datatype", "NO-SUCH-TYPE"),
        "unknown input": _Edit("name", "no-such-input"),
    }
    for why, edit in edits.items():
        found.append((why, probe.model.grpc.infer(accepted.request, accepted.form, edit=edit)))
    return found
