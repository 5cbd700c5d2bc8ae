"""Seeded faults that the checks of ``suites/conformance/rest/test_routing.py`` find."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

from harness.reference.faults.kit.labels import label
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.jsonwrite import Lexeme
from harness.reference.protocol.tensors import Tensor

JSON_OPS = ("server-metadata", "model-metadata", "infer")


@fault(
    "untyped-request-hangs-up",
    "REST-HTTP-10",
    text="a body with another label than application/json breaks the connection off",
)
def untyped_request_hangs_up(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and "json" not in call.headers.get("content-type", ""):
            reply.headers["content-length"] = "100000"

    hooks.documents.append(edit)


@fault("wrong-verb-accepted", "REST-HTTP-04", text="GET, PUT and POST are the same everywhere")
def wrong_verb_accepted(hooks: Hooks) -> None:
    hooks.routes["wrong-verb"] = lambda call: Reply(200, {"name": call.model, "outputs": []})


@fault("wrong-verb-on-health-500", "REST-ERR-05", text="a POST on health or on readiness ends the handler with 500")
def wrong_verb_on_health_500(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        path = call.path.rstrip("/")
        asked = path.endswith(("/live", "/ready"))
        return error(500, "not implemented") if asked and call.method == "POST" else None

    hooks.gates.append(gate)


@fault("wrong-verb-error-labelled-html", "REST-HTTP-07", text="the error object of a 405 is labelled as a page")
def wrong_verb_error_labelled_html(hooks: Hooks) -> None:
    def edit(_: Call, reply: Reply) -> None:
        if reply.status == 405:
            reply.media_type = "text/html"

    hooks.bodies.append(edit)


@fault("unknown-path-200", "REST-HTTP-07", text="an unknown path answers 200")
def unknown_path_200(hooks: Hooks) -> None:
    hooks.routes["unknown"] = lambda _: Reply(200, {})


@fault(
    "nan-token-in-reply",
    "REST-HTTP-05",
    text="the first float of every reply is the token NaN",
    models=("echo-fp32", "matrix", "digits"),
)
def nan_token_in_reply(hooks: Hooks) -> None:
    def spell(output: Tensor, elements: list[Any]) -> list[Any]:
        return [Lexeme("NaN"), *elements[1:]] if output.datatype.startswith("FP") and elements else elements

    hooks.spells.append(spell)


def _body(change: Callable[[bytes], bytes], *ops: str) -> Callable[[Hooks], None]:
    def install(hooks: Hooks) -> None:
        def edit(call: Call, reply: Reply) -> None:
            if call.op in (ops or JSON_OPS) and reply.status == 200 and reply.body:
                reply.body = change(reply.body)

        hooks.bodies.append(edit)

    return install


fault("two-documents-in-body", "REST-HTTP-05", text="an inference is answered with two JSON texts")(
    _body(lambda body: body + body, "infer")
)

fault("truncated-body", "REST-HTTP-05", text="inference replies lose their last byte")(
    _body(lambda body: body[:-1], "infer")
)

fault("duplicate-keys-in-reply", "REST-HTTP-05", text="model_name stands in the reply twice, with two values")(
    _body(lambda body: b'{"model_name":"shadow",' + body[1:], "infer")
)

fault("byte-order-mark", "REST-HTTP-05", text="bodies begin with a byte order mark")(
    _body(lambda body: b"\xef\xbb\xbf" + body, "server-metadata")
)

fault("latin-1-body", "REST-HTTP-05", "REST-RESP-04", text="bodies are Latin-1 instead of UTF-8 where they can be")(
    _body(lambda body: body.decode().encode("latin-1", "replace"), "infer")
)

fault("text-html-content-type", "REST-HTTP-06", text="inference replies are labelled text/html")(
    label("text/html", "infer")
)

fault("metadata-labelled-text", "REST-HTTP-06", text="metadata is labelled text/plain")(
    label("text/plain", "model-metadata", "server-metadata")
)


@fault(
    "content-type-lost-on-second-request",
    "REST-HTTP-06",
    text="from the second request of a connection on, replies have no label",
)
def content_type_lost(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op in JSON_OPS and call.number_on_connection > 1:
            reply.media_type = None

    hooks.bodies.append(edit)


@fault("gzip-unasked", "REST-HTTP-08", text="replies are compressed although identity was asked for")
def gzip_unasked(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.body:
            reply.body, reply.headers["content-encoding"] = gzip.compress(reply.body, mtime=0), "gzip"

    hooks.bodies.append(edit)


@fault("announces-too-much", "REST-HTTP-05", text="replies above 400 bytes announce one byte more than they have")
def announces_too_much(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.body and len(reply.body) > 400:
            reply.headers["content-length"] = str(len(reply.body) + 1)

    hooks.bodies.append(edit)
