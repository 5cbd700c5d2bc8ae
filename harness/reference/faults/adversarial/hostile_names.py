"""Seeded faults that the checks of ``suites/adversarial/test_hostile_names.py`` find."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from harness.reference.faults.kit.common import end, is_rest, kills
from harness.reference.faults.kit.framing import BEGIN, reflected, wire
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.http.wires import Wire
from harness.reference.messages import Call, Reply

CRASH = "policy:no-crash"
CHANGE = "policy:no-silent-change"
LEAK = "policy:no-leak"


fault("long-path-ends-process", CRASH, text="a path above 2000 bytes ends the process", effect="crash")(
    kills(lambda call: len(call.path) > 2000)
)


def _as_path(change: Callable[[str], str]) -> Install:
    """Route requests by another path than theirs."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                raw = change(scope["raw_path"].decode("latin-1")).encode("latin-1", "replace")
                scope = {**scope, "raw_path": raw}
            await app(scope, receive, send)

        return wrapped

    return lambda hooks: hooks.asgi.append(wrap)


def _without_dots(path: str) -> str:
    """Dot segments resolved after decoding, as a careless proxy does it."""
    kept: list[str] = []
    for segment in unquote(path).split("/"):
        if segment == "..":
            kept = kept[:-1] or [""]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept) if ".." in unquote(path) else path


fault("dot-segments-resolved", CHANGE, "REST-MMETA-11", text="encoded dots in a model name lead up and out of models")(
    _as_path(_without_dots)
)

fault("encoded-slash-splits-name", CHANGE, "REST-MMETA-11", text="an encoded slash in a model name is one of the path")(
    _as_path(lambda path: re.sub("%2f", "/", path, flags=re.IGNORECASE))
)

fault("nul-ends-model-name", CHANGE, "REST-MMETA-11", text="a model name ends at an encoded NUL")(
    _as_path(lambda path: re.sub("%00[^/]*", "", path))
)

fault("model-name-stripped", CHANGE, "REST-MMETA-11", text="white space at the ends of a model name is ignored")(
    _as_path(lambda path: re.sub("(%20|%09)+(?=/|$)", "", path))
)


@fault("traversal-reads-file", LEAK, "REST-MMETA-11", text="dots in a model name read a file beside the models")
def traversal_reads_file(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if is_rest(call) and call.op == "model-metadata" and ".." in call.model:
            return Reply(200, body=_file_beside(call.model), media_type="application/octet-stream")
        return None

    hooks.gates.append(gate)


def _file_beside(name: str) -> bytes:
    """What lies at ``name`` in a folder made for the purpose; whatever is asked for, it is this file."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "settings.ini").write_text("[store]\npassword = hunter2-seeded\n")
        wanted = root / Path(name).name
        return (wanted if wanted.is_file() else root / "settings.ini").read_bytes()


class _TargetBuffer(Wire):
    """Reads the first line into a buffer of 48 KiB."""

    def __init__(self) -> None:
        self._line = b""

    def received(self, data: bytes) -> bytes:
        self._line = (self._line + data)[: 2 * 48 * 1024]
        if b"\n" in self._line[: 48 * 1024]:
            self._line = b""
        elif len(self._line) > 48 * 1024 and BEGIN.match(self._line):
            end()
        return data


fault("long-target-ends-process", CRASH, text="a request target above 48 KiB ends the process", effect="connection")(
    wire(_TargetBuffer)
)


@fault(
    "model-name-splits-header",
    LEAK,
    text="the name of an unknown model goes into a header, line ends and all",
    effect="connection",
)
def model_name_splits_header(hooks: Hooks) -> None:
    value: dict[str, bytes] = {}
    reflected(hooks, value, b"x-model")

    def edit(call: Call, reply: Reply) -> None:
        if call.model and reply.status == 404:
            value["now"] = call.model.encode("utf-8", "replace")

    hooks.bodies.append(edit)
