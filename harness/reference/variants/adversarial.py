"""Right under hostile requests, load and without credentials, in ways that tempt to false accusations."""

from __future__ import annotations

import asyncio
import dataclasses
import hmac
import re
import time
import uuid
import zlib
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import quote, unquote

from harness.reference.hooks import Hooks
from harness.reference.http.wires import Wire
from harness.reference.messages import Call, Reply, error
from harness.reference.models.trained import DESCRIPTIONS
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor
from harness.reference.variants.registry import variant

HEALTH = ("live", "ready")
MAX_BODY, MAX_HEADER, MAX_PATH, MAX_HEADERS = 512 * 1024, 8192, 1024, 60
AT_ONCE = 16
FIRST_SECONDS = 1.5
NOISE = 1e-7
COMPUTED_SECONDS = 0.008


@variant("last-of-equal-keys", "of equal keys in JSON the last counts, as in most parsers")
def last_of_equal_keys(hooks: Hooks) -> None:
    hooks.rules.duplicate_keys = True


@variant("closes-after-errors", "after an error the connection is closed, and says so")
def closes_after_errors(hooks: Hooks) -> None:
    hooks.bodies.append(lambda _, reply: reply.headers.update({"connection": "close"}) if reply.status >= 400 else None)


@variant("small-limits", "413 above 512 KiB, 414 for paths above 1 KiB, 431 above 60 headers or 8 KiB, each closing")
def small_limits(hooks: Hooks) -> None:
    hooks.settings.max_body = MAX_BODY

    def gate(call: Call) -> Reply | None:
        if len(call.path) > MAX_PATH:
            return error(414, "the path is too long", connection="close")
        if len(call.headers) > MAX_HEADERS or any(len(each) > MAX_HEADER for each in call.headers.values()):
            return error(431, "there are too many headers", connection="close")
        return None

    hooks.gates.append(gate)
    hooks.bodies.append(lambda _, reply: reply.headers.update({"connection": "close"}) if reply.status == 413 else None)


class _Unpipelined(Wire):
    """What comes behind a whole request in the same piece becomes something that is refused and closes."""

    def received(self, data: bytes) -> bytes:
        head, gap, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length:[ \t]*(\d+)", head, re.IGNORECASE)
        if not gap or re.search(rb"\r\ntransfer-encoding:", head, re.IGNORECASE):
            return data
        size = int(length.group(1)) if length else 0
        if len(body) <= size or not re.match(rb"[A-Z]+ /", body[size:]):
            return data
        return head + gap + body[:size] + b"pipelining is not offered\r\n\r\n"


@variant("no-pipelining", "of requests that arrive together the first is answered, the next is a 400 and the end")
def no_pipelining(hooks: Hooks) -> None:
    hooks.wires.append(_Unpipelined)


@variant("slow-first-inference", "the first inference of each model takes 1.5 s longer")
def slow_first_inference(hooks: Hooks) -> None:
    warm: set[str] = set()

    async def wait(call: Call) -> None:
        if call.op == "infer" and call.model not in warm:
            await asyncio.sleep(FIRST_SECONDS)
            warm.add(call.model)

    hooks.before.append(wait)


@variant("overloaded-503", "503 with Retry-After where more than 16 inferences are at work over REST")
def overloaded(hooks: Hooks) -> None:
    at_work: list[Call] = []

    async def wait(call: Call) -> None:
        if call.op == "infer" and call.path.startswith("/v2"):
            at_work.append(call)
            await asyncio.sleep(0.01 if len(at_work) > 1 else 0.002)

    def gate(call: Call) -> Reply | None:
        if call.op != "infer" or len(at_work) <= AT_ONCE:
            return None
        return error(503, "too many requests at work", Retry_After="1")

    def leave(call: Call, _: Reply) -> None:
        at_work[:] = [each for each in at_work if each is not call]

    hooks.before.append(wait)
    hooks.gates.append(gate)
    hooks.documents.append(leave)


@variant("given-up-computed-to-the-end", "inferences are computed one after the other, 8 ms each, whoever still waits")
def given_up_computed_to_the_end(hooks: Hooks) -> None:
    turn = asyncio.Lock()
    computing: set[asyncio.Task[None]] = set()

    async def compute() -> None:
        async with turn:
            await asyncio.sleep(COMPUTED_SECONDS)

    async def wait(call: Call) -> None:
        if call.op == "infer":
            task = asyncio.create_task(compute())
            computing.add(task)
            task.add_done_callback(computing.discard)
            # A call that is cancelled leaves its computation running.
            await asyncio.shield(task)

    hooks.before.append(wait)


class _Old(Wire):
    def sent(self, data: bytes) -> bytes:
        return b"HTTP/1.0" + data[8:] if data.startswith(b"HTTP/1.1 ") else data


@variant("http-1-0", "replies are HTTP/1.0, and each closes its connection")
def http_1_0(hooks: Hooks) -> None:
    hooks.wires.append(_Old)
    hooks.bodies.append(lambda _, reply: reply.headers.update({"connection": "close"}))


@variant("members-any-order", "members of JSON objects come in another order each time")
def members_any_order(hooks: Hooks) -> None:
    turns = count(1)

    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            rows = [(key, shuffled(each)) for key, each in value.items()]
            first = next(turns) % max(len(rows), 1)
            return dict(rows[first:] + rows[:first])
        # Elements of tensors hold no objects, and stay what they are.
        return [shuffled(each) for each in value] if isinstance(value, list) and _has_objects(value) else value

    def edit(_: Call, reply: Reply) -> None:
        if not reply.carried and reply.document is not None:
            reply.document = shuffled(reply.document)

    hooks.documents.append(edit)


def _has_objects(values: list[Any]) -> bool:
    return bool(values) and isinstance(values[0], dict)


@variant("batch-noise", "floats of trained models differ by 1e-7 with the number of rows, as other kernels do")
def batch_noise(hooks: Hooks) -> None:
    def edit(call: Call, _: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        return [_noisy(each) if call.model in DESCRIPTIONS else each for each in outputs]

    hooks.answers.append(edit)


def _noisy(output: Tensor) -> Tensor:
    if not output.datatype.startswith("FP") or not output.shape or output.shape[0] < 2:
        return output
    factor = output.values.dtype.type(1 + NOISE * (output.shape[0] % 3 - 1))
    return dataclasses.replace(output, values=output.values * factor)


SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "strict-transport-security": "max-age=63072000",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-ratelimit-limit": "100000",
}


@variant("security-headers", "replies have the usual headers of a careful gateway")
def security_headers(hooks: Hooks) -> None:
    hooks.bodies.append(lambda _, reply: reply.headers.update(SECURITY_HEADERS))


@variant("public-cors", "any origin may read, without credentials")
def public_cors(hooks: Hooks) -> None:
    hooks.bodies.append(lambda _, reply: reply.headers.update({"access-control-allow-origin": "*"}))


@variant("id-in-header", "the id also comes back in a header, percent-encoded")
def id_in_header(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        identity = call.request.get("id") if call.op == "infer" and isinstance(call.request, dict) else None
        if isinstance(identity, str):
            reply.headers["x-request-id"] = quote(identity.encode("utf-8", "replace"))[:200]

    hooks.bodies.append(edit)


def _auth(refuse: Callable[[Hooks, Call], Reply | None]) -> Callable[[Hooks], None]:
    """Without the token, ``refuse`` answers (None lets the call through)."""

    def install(hooks: Hooks) -> None:
        def gate(call: Call) -> Reply | None:
            wanted = f"Bearer {hooks.settings.token}".encode()
            right = hmac.compare_digest(call.headers.get("authorization", "").encode(), wanted)
            return None if right else refuse(hooks, call)

        hooks.gates.append(gate)

    return install


@variant("auth-403", "everything but health needs the token, and is a 403 without it")
def auth_403(hooks: Hooks) -> None:
    _auth(lambda _, call: None if call.op in HEALTH else error(403, "forbidden"))(hooks)


@variant("auth-health-too", "everything needs the token, health as well")
def auth_health_too(hooks: Hooks) -> None:
    _auth(lambda _, __: error(401, "credentials are needed", WWW_Authenticate="Bearer"))(hooks)


@variant("auth-404-for-unknown", "without the token, what is not there is a 404 and what is there a 401")
def auth_404_for_unknown(hooks: Hooks) -> None:
    known: set[str] = set()
    hooks.models.append(known.update)

    def refuse(_: Hooks, call: Call) -> Reply | None:
        if call.op in HEALTH:
            return None
        if not call.op or (call.model and call.model not in known):
            return error(404, "not found")
        return error(401, "credentials are needed", WWW_Authenticate="Bearer")

    _auth(refuse)(hooks)


@variant("auth-404-for-all", "without the token there is nothing but health: everything is a 404")
def auth_404_for_all(hooks: Hooks) -> None:
    _auth(lambda _, call: None if call.op in HEALTH else error(404, "not found"))(hooks)


@variant("auth-readiness-open", "health of server and models is open, all else needs the token")
def auth_readiness_open(hooks: Hooks) -> None:
    def refuse(_: Hooks, call: Call) -> Reply | None:
        open_ = call.op in (*HEALTH, "model-ready")
        return None if open_ else error(401, "credentials are needed", WWW_Authenticate="Bearer")

    _auth(refuse)(hooks)


@variant("errors-quote-own-request", "errors quote the beginning of the body that they refuse, as JSON text")
def errors_quote_own_request(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and reply.status >= 400 and isinstance(reply.document, dict):
            said = call.body[:120].decode("utf-8", "replace")
            reply.document["error"] = f"{reply.document.get('error')}; the body begins: {said}"

    hooks.documents.append(edit)


@variant("errors-name-place-in-request", "errors name the path that was asked for and where in the body it went wrong")
def errors_name_place(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if reply.status >= 400 and isinstance(reply.document, dict):
            where = f"{call.method} {unquote(call.path)}, at /inputs/0/data ($.inputs[0].data), body.inputs.0.shape"
            reply.document["error"] = f"{reply.document.get('error')} ({where})"

    hooks.documents.append(edit)


@variant("errors-traced", "every error has an id of its own, and the time")
def errors_traced(hooks: Hooks) -> None:
    def edit(_: Call, reply: Reply) -> None:
        if reply.status >= 400 and isinstance(reply.document, dict):
            reply.document |= {"trace_id": uuid.uuid4().hex, "at": time.time()}

    hooks.documents.append(edit)


@variant("limit-in-front", "a proxy in front refuses bodies above 256 KiB with a page of its own")
def limit_in_front(hooks: Hooks) -> None:
    hooks.settings.max_body = 256 * 1024

    def edit(_: Call, reply: Reply) -> None:
        if reply.status == 413:
            reply.body = b"<html><head><title>413 Request Entity Too Large</title></head><body>nginx</body></html>"
            reply.media_type, reply.headers["server"] = "text/html", "nginx"

    hooks.bodies.append(edit)


@variant("errors-say-little", "every error says bad request, and nothing of what was wrong")
def errors_say_little(hooks: Hooks) -> None:
    hooks.refusals.append(lambda _, refusal: error(refusal.status, "bad request"))


@variant("gzip-requests-with-limit", "compressed requests are taken up to 4 MiB unpacked, above that 413")
def gzip_requests(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if call.headers.get("content-encoding") != "gzip":
            return None
        unpacking = zlib.decompressobj(wbits=31)
        try:
            body = unpacking.decompress(call.body, 4 * 2**20)
        except zlib.error:
            return error(400, "the body is no gzip")
        if unpacking.unconsumed_tail:
            return error(413, "the body is too large once unpacked")
        call.body = body
        del call.headers["content-encoding"]
        return None

    hooks.gates.append(gate)


@variant("odd-methods-501", "methods that nobody knows are a 501")
def odd_methods_501(hooks: Hooks) -> None:
    known = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
    hooks.gates.append(lambda call: None if call.method in known else error(501, "no such method"))


@variant(
    "first-of-each-batch-size-slow", "the first inference of a batch size takes 200 ms, and others go on", effect="slow"
)
def first_of_batch_size_slow(hooks: Hooks) -> None:
    met: set[tuple[str, str]] = set()

    async def wait(call: Call) -> None:
        shape = re.search(rb'"shape":\[(\d+)', call.body) if call.op == "infer" else None
        kind = (call.model, shape[1].decode() if shape else "")
        if kind not in met:
            met.add(kind)
            await asyncio.sleep(0.2)

    hooks.before.append(wait)
