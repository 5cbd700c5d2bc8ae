"""What is seen in one answer: each thing with the clause or the advice that it breaks, its root cause, and words."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from harness.criteria import Advice
from harness.judging.passive.fair import (
    broke_down,
    grpc_blame,
    is_grpc,
    oddity,
    owes_error_object,
    owes_label,
    route_of,
)
from harness.judging.passive.texts import body_text, piece, said, telling_headers
from harness.oracles.disclosure import INSIDE, SECRETS, STACK_TRACES, Disclosure, Pattern, causes, disclosures, words_of
from harness.probing.replies import error_object_problem, error_root, status_of
from harness.record.exchange import Exchange
from harness.record.intent import Intent
from harness.record.quoting import clip
from harness.wire import strictjson

DISCLOSURE, SECRET, MARKUP = Advice.NO_DISCLOSURE.clause, Advice.NO_SECRETS.clause, Advice.NO_MARKUP_ECHO.clause
PAGES = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml"})
# Of a successful answer, bytes from either end in which a member error is looked for, and events of a stream.
ENDS, STREAMED = 2048, 64
_ELEMENT = re.compile(r"<[A-Za-z][^<>\n]{3,200}>")


class Look(NamedTuple):
    """One thing seen; ``values`` are secrets to keep out of what is written from here on."""

    clause: str
    root: str
    says: str
    values: tuple[str, ...] = ()


def look_at(exchange: Exchange, intent: Intent, known: Iterable[str] = ()) -> tuple[list[Look], bool]:
    """What is to be seen in an answer, and whether something was passed over because the request itself had said it.

    Args:
        known: hosts and addresses that the tester used itself.
    """
    told, echoed = _told(exchange, known)
    found = told + (_grpc(exchange, intent) if is_grpc(exchange) else _rest(exchange, intent))
    if exchange.media_type in PAGES:
        page = piece(exchange.response_body).decode("utf-8", "replace")
        sent = said(exchange)
        repeated = next((each for each in _ELEMENT.findall(page) if each in sent), None)
        if repeated is not None:
            says = f"{asked(exchange)}: {status_of(exchange)}, a page with {clip(repeated, 80)!r}, as it was sent"
            found.append(Look(MARKUP, "markup-echoed", says))
    return found, echoed


def server_error_root(exchange: Exchange, intent: Intent) -> str:
    """The root cause of a 5xx over REST: what is odd about the request, whichever route it went to."""
    if intent == "valid":
        return f"server-error-for-valid-request:{exchange.status}"
    odd = oddity(exchange)
    return f"server-error-for-odd-request:{odd}" if odd else f"server-error-for-client-mistake:{exchange.status}"


def asked(exchange: Exchange) -> str:
    """The request in a few words."""
    split = urlsplit(exchange.url)
    path = split.path + (f"?{split.query}" if split.query else "")
    shown = path if len(path) <= 80 else f"{clip(path, 77)}..."
    return shown.rpartition("/")[2] if is_grpc(exchange) else f"{exchange.method} {shown}"


def _told(exchange: Exchange, known: Iterable[str]) -> tuple[list[Look], bool]:
    """What the words of an answer give away: of an error everything that is looked for, of another one less.

    What a model gives back is its own affair, and what describes the service has paths in it by design.
    """
    patterns: tuple[Pattern, ...] = (*STACK_TRACES, *SECRETS)
    headers = telling_headers((*exchange.response_headers, *exchange.response_trailers))
    if is_error(exchange):
        text, patterns = f"{error_text(exchange)}\n{headers}", (*INSIDE, *SECRETS)
    elif is_grpc(exchange) or route_of(exchange.url) in ("infer", "generate"):
        text = headers
    else:
        text = f"{body_text(exchange)}\n{headers}"
    if not text.strip():
        return [], False
    seen = disclosures(text, patterns)
    if not seen:
        return [], False
    kept = disclosures(text, patterns, sent=said(exchange), known=(*known, *_addresses(exchange)))
    echoed = len(kept) < len(seen)
    return [_look(exchange, each) for each in causes(kept)], echoed


def _look(exchange: Exchange, seen: Disclosure) -> Look:
    says = f"{asked(exchange)}: {_status(exchange)}, {seen.category}, {seen.text}"
    if seen.category != "secret":
        return Look(DISCLOSURE, f"discloses:{seen.category}", says)
    root = f"discloses:{seen.category}" if is_error(exchange) else f"secret-in:{_described(exchange)}"
    return Look(SECRET, root, says, (seen.value,))


def _rest(exchange: Exchange, intent: Intent) -> list[Look]:
    found = []
    if owes_error_object(exchange):
        problem = error_object_problem(exchange)
        if problem is not None:
            found.append(
                Look("REST-ERR-02", error_root(exchange), f"{asked(exchange)}: {_status(exchange)}, {problem}")
            )
    if owes_label(exchange) and not _is_json(exchange.media_type) and error_object_problem(exchange) is None:
        label = exchange.media_type or "no Content-Type"
        says = f"{asked(exchange)}: {_status(exchange)}, an error object labelled {label}"
        found.append(Look("REST-HTTP-07", f"error-label:{label}", says))
    if broke_down(exchange, intent):
        whose = "a valid request" if intent == "valid" else oddity(exchange) or "this request"
        root = server_error_root(exchange, intent)
        found.append(Look("REST-ERR-05", root, f"{asked(exchange)}: {_status(exchange)} to {whose}"))
    return found


def _grpc(exchange: Exchange, intent: Intent) -> list[Look]:
    root = grpc_blame(exchange, intent)
    if root is None or exchange.rpc is None:
        return []
    explained = f" ({clip(exchange.rpc.details, 120)})" if exchange.rpc.details.strip() else ", no details"
    whose = " to a valid call" if intent == "valid" else ""
    return [Look("GRPC-ERR-03", root, f"{asked(exchange)}: {exchange.rpc.name}{explained}{whose}")]


def is_error(exchange: Exchange) -> bool:
    """An error status, or an explanation of a failure in place of an answer."""
    if is_grpc(exchange):
        return exchange.rpc is None or exchange.rpc.code != 0
    return (exchange.status or 0) >= 400 or says_error(exchange.response_body)


def says_error(body: bytes) -> bool:
    """Whether the beginning or the end of a body names an error."""
    return b'"error"' in body[:ENDS] or b'"error"' in body[-ENDS:]


def error_text(exchange: Exchange) -> str:
    """The words of an error: body, or status of a gRPC call; of a 200, what its members error say."""
    if is_grpc(exchange):
        own = (exchange.header("content-type") or "").startswith("application/grpc")
        page = "" if own else piece(exchange.response_body).decode("utf-8", "replace")
        return f"{exchange.rpc.details if exchange.rpc else ''}\n{page}"
    return body_text(exchange) if (exchange.status or 0) >= 400 else "\n".join(_told_in_ok(exchange))


def _told_in_ok(exchange: Exchange) -> list[str]:
    """The members ``error`` of a successful answer, or of the events of a stream."""
    body = piece(exchange.response_body)
    streamed = exchange.media_type == "text/event-stream"
    documents = re.findall(rb"(?m)^data:(.*)$", body)[:STREAMED] if streamed else [body]
    texts = []
    for each in documents:
        with contextlib.suppress(strictjson.NotJson, RecursionError):
            value = strictjson.parse(each.strip()).value
            if isinstance(value, dict) and value.get("error") is not None:
                texts.append(words_of(value["error"]))
    return texts


def _status(exchange: Exchange) -> str:
    return exchange.rpc.name if exchange.rpc is not None else f"status {exchange.status}"


def _is_json(media: str | None) -> bool:
    return media is not None and (media == "application/json" or media.endswith("+json"))


def _described(exchange: Exchange) -> str:
    """What a successful answer describes, by the names that the checks of metadata use."""
    path = urlsplit(exchange.url).path.rstrip("/")
    for end, name in (("/config", "configuration"), ("/stats", "statistics"), ("/repository/index", "repository index"),
                      ("/logging", "log settings"), ("/trace/setting", "trace settings"), ("/metrics", "metrics"),
                      ("/v2", "server metadata")):  # fmt: skip
        if path.endswith(end):
            return name
    return "metadata"


def _addresses(exchange: Exchange) -> tuple[str, ...]:
    facts = exchange.connection
    return () if facts is None else tuple(each.rpartition(":")[0].strip("[]") for each in (facts.local, facts.peer))
