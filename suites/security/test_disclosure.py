"""What errors and stray pages give away of the inside. Good practice: no clause forbids a stack trace."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from harness.check import Untestable, check
from harness.generate.members import with_data, with_members
from harness.oracles.disclosure import INSIDE, SECRETS, disclosures, markup_echoed, words_of
from harness.record.coding import Undecodable, decoded_body
from harness.record.exchange import Exchange
from harness.target.probe import UNKNOWN_MODEL, Probe
from harness.target.refusals import mutations_of
from harness.target.replies import refused, status_of
from harness.wire import strictjson

DISCLOSURE, SECRET, ECHO, STRAY = (
    "advice:no-disclosure",
    "advice:no-secrets",
    "advice:no-markup-echo",
    "advice:no-stray-pages",
)
# Deeper than any tensor, far from what would exhaust a parser.
NESTED = 120
MARKUP = "<img src=x onerror=art15()>"
# Path, and words of which one stands in what is meant: a page that answers every path alike is none of them.
STRAY_PAGES = (
    ("/.env", ("_KEY=", "PASSWORD=", "SECRET=", "DATABASE_URL=")),
    ("/.git/config", ("[core]", "[remote ")),
    ("/actuator/env", ("propertySources",)),
    ("/debug/pprof/", ("/debug/pprof/", "goroutine")),
    ("/debug/vars", ('"cmdline"', '"memstats"')),
    ("/server-status", ("Apache Server Status",)),
    ("/v2/models/..%2f..%2f..%2f..%2fetc%2fpasswd", ("root:x:0:0", "root:*:0:0")),
)


@check(
    "security-errors-hide-internals",
    duties=["A15-5-h"],
    criterion="no error tells of a stack trace, a file path, the environment, an internal host or a secret",
    per="model",
    advice=["no-disclosure", "no-secrets"],
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
    ],
    fix="Answer with a text of your own and an id to look up; keep the exception for the log.",
)
def security_errors_hide_internals(probe: Probe) -> None:
    """Errors over REST tell nothing of the inside.

    All invalid requests of the conformance checks, and some that reach further in: wrong types deep inside, values no
    data type holds, texts that are no text, unknown routes, methods and versions. Patterns are of high confidence, and
    what the request said itself does not count. Headers are looked at as well. A pass shows that these
    errors hide what these patterns find, no more.
    MITRE ATLAS AML.T0063, AML.T0014.
    """
    seen = 0
    for name, exchange in [*_mistakes(probe), *_further(probe)]:
        if not refused(exchange):
            continue
        seen += 1
        headers = "\n".join(f"{key}: {value}" for key, value in exchange.response_headers)
        _judge(probe, name, exchange, f"{words(exchange)}\n{headers}")
    if not seen:
        probe.untestable("the endpoint refused none of these requests")


@check(
    "security-grpc-errors-hide-internals",
    duties=["A15-5-h"],
    criterion="no error status tells of a stack trace, a file path, the environment, an internal host or a secret",
    per="model",
    advice=["no-disclosure", "no-secrets"],
    transport="grpc",
    faults=["grpc-details-stack-trace"],
    fix="Set details of your own in one interceptor; keep the exception for the log.",
)
def security_grpc_errors_hide_internals(probe: Probe) -> None:
    """Errors over gRPC tell nothing of the inside.

    Unknown model and version, a wrong shape, an unknown data type, too few elements, bytes that are no message. Status
    details and trailing metadata are looked at. MITRE ATLAS AML.T0063, AML.T0014.
    """
    seen = 0
    for name, exchange in _grpc_mistakes(probe):
        if exchange.rpc is None or exchange.rpc.code == 0:
            continue
        seen += 1
        trailers = "\n".join(f"{key}: {value}" for key, value in exchange.response_trailers)
        _judge(probe, name, exchange, f"{exchange.rpc.details}\n{trailers}")
    if not seen:
        probe.untestable("the endpoint refused none of these calls")


@check(
    "security-errors-echo-no-markup",
    duties=["A15-5-b"],
    criterion="markup in a request never comes back unescaped in what a browser takes for a page",
    advice=["no-markup-echo"],
    faults=[],
    fix="Label errors application/json, send X-Content-Type-Options: nosniff, and escape what pages repeat.",
)
def security_errors_echo_no_markup(probe: Probe) -> None:
    """Markup in a request is not echoed as a page.

    An element with a script stands in a path, a model name, a version, a query and a body. JSON may repeat it; a body
    labelled as a page, or not labelled, must have it escaped. MITRE ATLAS AML.T0043.003.
    """
    marked = quote(MARKUP, safe="")
    paths = [f"/v2/models/{marked}", f"/v2/models/{marked}/infer", f"/v2/{marked}", f"/{marked}", f"/v2?q={marked}"]
    paths += [f"/v2/models/{marked}/versions/{marked}/ready"]
    paths += [probe.client.model_path(model.name, MARKUP) for model in probe.target.models[:1]]
    asked = [("GET", path, None) for path in paths] + [("POST", path, b"{}") for path in paths[1:4]]
    asked.append(("POST", probe.client.model_path(UNKNOWN_MODEL, None, "infer"), f'{{"id":"{MARKUP}"{MARKUP}'.encode()))
    for method, path, body in asked:
        exchange = probe.client.send(method, path, body)
        if exchange.error is not None or exchange.status is None:
            continue
        echoed = markup_echoed(words(exchange, raw=True), exchange.media_type, MARKUP)
        observed = f"{method} {path[:60]}: {status_of(exchange)}, {exchange.media_type or 'no content type'}"
        observed += ", with the markup as it was sent" if echoed else ""
        expected = "markup escaped, or not repeated, or not in a page"
        probe.holds(not echoed, expected=expected, observed=observed, exchange=exchange, root="markup-echoed")


@check(
    "security-no-stray-pages",
    duties=["A15-5-a", "A15-5-h"],
    criterion="no file of the host, environment or debugging page is served",
    advice=["no-stray-pages"],
    faults=[],
    fix="Serve nothing but the routes of the protocol; keep debugging pages on another port.",
)
def security_no_stray_pages(probe: Probe) -> None:
    """No file, environment or debugging page is served beside the protocol.

    A few well-known paths, each believed only if its body has the words of what is meant. MITRE ATLAS AML.T0063.
    """
    answered = 0
    for path, signs in STRAY_PAGES:
        exchange = probe.client.send("GET", path)
        if exchange.error is not None or exchange.status is None:
            continue
        answered += 1
        text = words(exchange, raw=True)
        there = exchange.ok and any(sign in text for sign in signs)
        observed = f"GET {path}: {status_of(exchange)}{', and it is what its name says' if there else ''}"
        probe.holds(
            not there, expected="nothing there", observed=observed, exchange=exchange, root=f"stray-page:{path}"
        )
    if not answered:
        probe.untestable("no request was answered")


def words(exchange: Exchange, *, raw: bool = False) -> str:
    """The body as text: the words of a JSON document, and the text as it is of anything else (or if ``raw``)."""
    try:
        body = decoded_body(exchange)
    except Undecodable:
        return ""
    if not raw:
        try:
            return words_of(strictjson.parse(body).value)
        except strictjson.NotJson:
            pass
    return body.decode("utf-8", "replace")


def _judge(probe: Probe, name: str, exchange: Exchange, text: str) -> None:
    sent = f"{exchange.url}\n{exchange.request_body.decode('utf-8', 'replace')}\n{exchange.request_text}"
    known = _known(probe)
    for clause, patterns, what in ((DISCLOSURE, INSIDE, "nothing of the inside"), (SECRET, SECRETS, "no secret")):
        found = disclosures(text, patterns, sent=sent, known=known)
        if clause == SECRET:
            (probe.target.rest or probe.grpc).recorder.redactor.add([each.value for each in found])
        for each in found:
            observed = f"{name}: {status_of(exchange)[:80]}, {each.category}, {each.text}"
            probe.holds(False, clause=clause, expected=what, observed=observed, exchange=exchange,
                        root=f"discloses:{each.category}")  # fmt: skip
        if not found:
            probe.holds(True, clause=clause, expected=what, observed=name, exchange=exchange)


def _known(probe: Probe) -> tuple[str, ...]:
    clients = (probe.target.rest, probe.target.grpc)
    return tuple(name for client in clients if client for name in (client.access.host, client.access.sni))


def _mistakes(probe: Probe) -> list[tuple[str, Exchange]]:
    return [(mutation.name, probe.model.mistake(probe.client, mutation)) for mutation in mutations_of(probe)]


def _further(probe: Probe) -> list[tuple[str, Exchange]]:
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
    found = [(why, client.infer(name, body, address)) for why, body in bodies.items()]
    length = (("Inference-Header-Content-Length", "x"),)
    found.append(("a length that is no number", client.infer(name, request, address, headers=length)))
    path = client.model_path(name, address, "infer")
    found += [
        ("unknown model", client.infer(UNKNOWN_MODEL, request)),
        ("metadata of an unknown model", client.model_metadata(UNKNOWN_MODEL)),
        ("metadata of an unknown version", client.model_metadata(name, "no-such-version")),
        ("unknown version", client.infer(name, request, "no-such-version")),
        ("unknown route", client.send("GET", "/v2/no/such/route")),
        ("wrong method", client.send("DELETE", path)),
        ("wrong coding", client.send("POST", path, b"not gzip", (("Content-Encoding", "gzip"),))),
    ]
    return found


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
    from harness.target.grpc_calls import named  # noqa: PLC0415 -- needs the extra grpc

    grpc = probe.grpc
    found = [
        ("unknown model", grpc.model_metadata(UNKNOWN_MODEL)),
        ("unknown version", grpc.model_metadata(probe.model.name, "no-such-version")),
        ("no message", grpc.call("ModelInfer", b"\xff\xff\xff")),
        ("unknown method", grpc.call("NoSuchMethod")),
        ("load of an unknown model", grpc.call("RepositoryModelLoad", named("RepositoryModelLoad", UNKNOWN_MODEL))),
    ]
    try:
        accepted = probe.grpc_model.accepted()
    except Untestable:
        return found
    edits = {
        "negative shape": _Edit("shape", (-7,)),
        "shape beyond 64 bits": _Edit("shape", (2**40, 2**40)),
        "unknown data type": _Edit("datatype", "NO-SUCH-TYPE"),
        "unknown input": _Edit("name", "no-such-input"),
    }
    for why, edit in edits.items():
        found.append((why, probe.grpc_model.infer(accepted.request, accepted.form, edit=edit)))
    return found
