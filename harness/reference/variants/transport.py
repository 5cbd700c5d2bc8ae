"""How replies travel."""

from __future__ import annotations

import asyncio
import gzip

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.variants.registry import variant

# Bytes per chunk: small enough that every reply has several.
CHUNK = 32
DELAY_SECONDS = 0.15


@variant("chunked", "replies are chunked, without a length")
def chunked(hooks: Hooks) -> None:
    hooks.asgi.append(_chunking)


def _chunking(app: ASGIApp) -> ASGIApp:
    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_chunked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                del headers["content-length"]
                message = {**message, "headers": headers.raw}
            body = message.get("body", b"")
            while len(body) > CHUNK:
                await send({"type": "http.response.body", "body": body[:CHUNK], "more_body": True})
                body = body[CHUNK:]
            await send({**message, "body": body} if "body" in message else message)

        await app(scope, receive, send_chunked)

    return wrapped


@variant("gzip-when-asked", "replies are compressed if Accept-Encoding names gzip")
def gzip_when_asked(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        codings = [each.partition(";") for each in call.headers.get("accept-encoding", "").split(",")]
        wanted = any(name.strip() == "gzip" and weight.strip() != "q=0" for name, _, weight in codings)
        if wanted and reply.body:
            reply.body = gzip.compress(reply.body, mtime=0)
            reply.headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}

    hooks.bodies.append(edit)


@variant("close-after-each-response", "every connection serves one request")
def close_after_each_response(hooks: Hooks) -> None:
    hooks.bodies.append(lambda _, reply: reply.headers.update({"connection": "close"}))


@variant("charset-label", "JSON is labelled Application/JSON; charset=UTF-8")
def charset_label(hooks: Hooks) -> None:
    def edit(_: Call, reply: Reply) -> None:
        if reply.media_type == "application/json":
            reply.media_type = "Application/JSON; charset=UTF-8"

    hooks.bodies.append(edit)


@variant("slow-150ms", "every reply takes 150 ms longer", effect="slow")
def slow(hooks: Hooks) -> None:
    async def wait(_: Call) -> None:
        await asyncio.sleep(DELAY_SECONDS)

    hooks.before.append(wait)
