"""A page in a real browser that is worked with keys alone, over the pipe that Chromium has for tools."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.reports.chromium import CHROMIUM, FLAGS

# Key, its code for the browser, and what it types.
_KEYS = {"Tab": (9, ""), "Enter": (13, "\r")}
_SHIFT = 8
_PATIENCE_S = 60.0
# What a person can reach with keys, in the order of the document; of what is folded as well.
_BEGIN = """
window.controls = [...document.querySelectorAll("a[href], summary, button, input, select, textarea, [tabindex]")];
window.plain = new Map(controls.map(each => [each, look(each)]));
function look(each) {
  const style = getComputedStyle(each);
  return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.outlineOffset].join(" ");
}
controls.map(each => each.outerHTML.slice(0, 120));
"""
_SEEN = """
(() => {
  const focused = document.activeElement, place = controls.indexOf(focused);
  if (place < 0) return {place, hash: location.hash};
  const box = focused.getBoundingClientRect(), style = getComputedStyle(focused);
  const drawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const target = location.hash && document.getElementById(location.hash.slice(1));
  return {
    place, tag: focused.localName, open: focused.parentElement.open === true, hash: location.hash,
    behind: !!target && (target.compareDocumentPosition(focused) & Node.DOCUMENT_POSITION_FOLLOWING) > 0,
    outlined: drawn && look(focused) !== plain.get(focused),
    visible: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.height > 0,
  };
})()
"""


@dataclass
class Walk:
    """One tab of the browser, with a page in it."""

    pipe: Pipe
    session: str

    def opened(self, page: Path) -> list[str]:
        """Open a page; the beginning of each control of it, in the order of the document."""
        self._ask("Page.enable")
        self._ask("Emulation.setFocusEmulationEnabled", enabled=True)
        self._ask("Page.navigate", url=page.as_uri())
        self.pipe.until("Page.loadEventFired", self.session)
        found: list[str] = self._evaluated(_BEGIN)
        return found

    def pressed(self, key: str, *, shift: bool = False) -> dict[str, Any]:
        """Press a key and let it go; what has the focus then (``place`` among the controls, -1 for none of them)."""
        code, text = _KEYS[key]
        same = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": _SHIFT if shift else 0}
        self._ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **same)
        self._ask("Input.dispatchKeyEvent", type="keyUp", **same)
        seen: dict[str, Any] = self._evaluated(_SEEN)
        return seen

    def _evaluated(self, script: str) -> Any:
        found = self._ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"]["value"]

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        return self.pipe.ask(method, self.session, **params)


class Pipe:
    """Questions to Chromium and its answers, each a JSON text that ends in NUL."""

    def __init__(self, said: int, heard: int) -> None:
        self._said, self._heard = said, heard
        self._left = b""
        self._events: list[dict[str, Any]] = []
        self._number = 0

    def ask(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """Ask, and wait for the answer."""
        self._number += 1
        question = {"id": self._number, "method": method, "params": params}
        rest = json.dumps(question | ({"sessionId": session} if session else {})).encode() + b"\0"
        while rest:
            rest = rest[os.write(self._said, rest) :]
        while (answer := self._next()).get("id") != self._number:
            self._events.append(answer)
        assert "error" not in answer, (method, answer)
        found: dict[str, Any] = answer["result"]
        return found

    def until(self, method: str, session: str) -> None:
        """Wait for an event."""
        while not any(each.get("method") == method and each.get("sessionId") == session for each in self._events):
            self._events.append(self._next())
        self._events.clear()

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._heard], [], [], _PATIENCE_S)
            came = os.read(self._heard, 65536) if ready else b""
            assert came, "the browser has gone, or says nothing"
            self._left += came
        text, _, self._left = self._left.partition(b"\0")
        found: dict[str, Any] = json.loads(text)
        return found


@contextmanager
def keyboard(folder: Path) -> Iterator[Walk]:
    """One browser with an empty page, ended afterwards."""
    assert CHROMIUM
    theirs_in, said = os.pipe()
    heard, theirs_out = os.pipe()
    actions = [
        (os.POSIX_SPAWN_DUP2, theirs_in, 3), (os.POSIX_SPAWN_DUP2, theirs_out, 4),
        (os.POSIX_SPAWN_OPEN, 2, str(folder / "browser.log"), os.O_WRONLY | os.O_CREAT, 0o600),
    ]  # fmt: skip
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--remote-debugging-pipe", "about:blank"]
    process = os.posix_spawn(CHROMIUM, command, os.environ, file_actions=actions, setsid=True)
    os.close(theirs_in)
    os.close(theirs_out)
    pipe = Pipe(said, heard)
    try:
        target = pipe.ask("Target.createTarget", url="about:blank")["targetId"]
        yield Walk(pipe, pipe.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
    finally:
        # Without its pipe it ends by itself, and its children with it.
        os.close(said)
        os.close(heard)
        _end(process)


def _end(process: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not os.waitpid(process, os.WNOHANG)[0]:
        if time.monotonic() > until:
            os.killpg(process, signal.SIGKILL)
        time.sleep(0.05)
