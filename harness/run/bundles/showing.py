"""One exchange, or one body, of a bundle: found by its digest or the beginning of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.bundle.places import BODY, RECORD, Suffix
from harness.bundle.store import Store, store_of
from harness.record.quoting import clip
from reports.document.excerpt import ExchangeReader
from reports.evidence import MessageView

# Signs of a digest that must be given: fewer are as good as none.
LEAST = 8


class NotFound(LookupError):
    """The bundle holds nothing, or several things, of that digest; one line that says which."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a digest names: a text for people, or the bytes of a body."""

    text: str = ""
    body: bytes | None = None


def find(folder: Path, asked: str) -> Found:
    """What lies under a digest, or the beginning of one.

    Raises:
        NotFound: see there, or the bundle cannot be read.
    """
    store = store_of(folder)
    try:
        digest, suffix = _one(store, asked.lower().removeprefix("sha256:"))
        if suffix == BODY:
            return Found(body=store.get(digest, BODY))
    except (OSError, ValueError) as error:
        raise NotFound(f"{folder}: {getattr(error, 'strerror', None) or error}") from error
    reader = ExchangeReader(store)
    shown = reader.show(digest, limit=1 << 20)
    if shown is None:
        raise NotFound(f"{folder}: exchange {digest[:12]}: {next(iter(reader.trouble.values()), 'cannot be read')}")
    parts = [f"exchange {digest}", "", *_message(shown.request)]
    parts += ["", *_message(shown.response)] if shown.response is not None else []
    again = [f"repeat: {line}" for line in (shown.curl, shown.grpcurl) if line]
    return Found("\n".join([*parts, "", *again] if again else parts))


def _one(store: Store, asked: str) -> tuple[str, Suffix]:
    if len(asked) < LEAST:
        raise NotFound(f"give at least {LEAST} signs of a digest")
    found = {each for each in store if each[0].startswith(asked)}
    # A body may be the bytes of a record: the record says more.
    found = {each for each in found if each[1] == RECORD} or found
    if len(found) != 1:
        what = f"{len(found)} things" if found else "nothing"
        raise NotFound(f"the bundle holds {what} whose digest begins with {clip(asked, 64)!r}")
    return found.pop()


def _message(view: MessageView) -> list[str]:
    lines = [view.line, *(f"{name}: {value}" for name, value in view.headers)]
    if view.body_bytes:
        lines += ["", view.body]
    if view.truncated:
        lines.append(f"(not whole: {view.body_bytes} bytes, SHA-256 {view.body_sha256})")
    return lines
