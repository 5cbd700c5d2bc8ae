"""A page in a real browser: how it prints, what it asks for, and which rules of accessibility it breaks."""

from __future__ import annotations

import html
import importlib.util
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pypdf
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ, reason="no Chromium on this machine: make system"
)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--allow-file-access-from-files"),
)
# Rules of WCAG up to 2.2 AA, and good practice beside them.
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_LOOK = """
axe.run(document, {runOnly: %s}).then(found => {
  const said = document.createElement("pre");
  said.textContent = "@@" + JSON.stringify({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    broken: found.violations.map(each => [each.id, each.nodes.map(node => node.html.slice(0, 200))]),
  }) + "@@";
  parent.document.body.append(said);
});
"""
_ORDER = """
addEventListener("load", () => setTimeout(() => {
  const word = %s, turned = [];
  let seen = 0, text;
  document.querySelectorAll("details").forEach(each => { each.open = true; });
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (text = texts.nextNode()) {
    const at = text.data.indexOf(word);
    if (at < 0 || text.parentNode.tagName == "SCRIPT") continue;
    const boxes = [...word].map((_, place) => {
      const range = document.createRange();
      range.setStart(text, at + place);
      range.setEnd(text, at + place + 1);
      return range.getBoundingClientRect();
    });
    if (!boxes[0].width) continue;
    seen++;
    if (boxes.some((box, place) => place && box.top == boxes[place - 1].top && box.left <= boxes[place - 1].left))
      turned.push(text.data.slice(0, 100));
  }
  const said = document.createElement("pre");
  said.textContent = "@@" + JSON.stringify({title: document.title, seen, turned}) + "@@";
  document.body.append(said);
}, 500));
"""


_SHOWN = """
addEventListener("load", () => {
  const said = document.createElement("pre");
  said.textContent = "@@" + document.body.getBoundingClientRect().height + " " + performance.now() + "@@";
  document.body.append(said);
});
"""


_SHOWN = """
addEventListener("load", () => {
  const said = document.createElement("pre");
  said.textContent = "@@" + document.body.getBoundingClientRect().height + " " + performance.now() + "@@";
  document.body.append(said);
});
"""


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)


def printed(page: Path, folder: Path, paper: str = "A4") -> list[str]:
    """The text of each page that Chromium prints on a paper."""
    bare = _opened(page).replace("@page {", f"@page {{ size: {paper};", 1)
    copy, pdf = folder / f"{paper}-{page.name}", folder / f"{paper}-{page.stem}.pdf"
    copy.write_text(bare)
    _run(folder, "--no-pdf-header-footer", f"--print-to-pdf={pdf}", copy.as_uri())
    return [each.extract_text() for each in pypdf.PdfReader(pdf).pages]


def looked_at(page: Path, folder: Path, width: int, *, dark: bool = False) -> dict[str, Any]:
    """What rules the page breaks in a window of a width, and by how many pixels it is wider (``wide``)."""
    place = importlib.util.find_spec("axe_core_python")
    assert place is not None
    assert place.submodule_search_locations
    axe = (Path(place.submodule_search_locations[0]) / "axe.min.js").read_text("utf-8")
    scripts = f"<script>{axe}</script><script>{_LOOK % json.dumps(_RULES)}</script>"
    (folder / page.name).write_text(_opened(page).replace("</body>", f"{scripts}</body>"))
    frame = f'<iframe src="{page.name}" style="width: {width}px; height: 900px; border: 0"></iframe>'
    (folder / "frame.html").write_text(f"<!DOCTYPE html><html><body>{frame}</body></html>")
    theme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    seen = _run(folder, *theme, "--virtual-time-budget=60000", "--dump-dom", (folder / "frame.html").as_uri())
    said = re.search("@@(.*)@@", seen.stdout, re.DOTALL)
    assert said, seen.stdout[-500:]
    found: dict[str, Any] = json.loads(html.unescape(said[1]))
    return found


def opening(page: Path, folder: Path) -> float:
    """Seconds from navigation until the page is loaded and laid out."""
    copy = folder / f"timed-{page.name}"
    copy.write_text(_opened(page).replace("</head>", f"<script>{_SHOWN}</script></head>", 1))
    said = re.search("@@([0-9.]+) ([0-9.]+)@@", _run(folder, "--dump-dom", copy.as_uri()).stdout)
    assert said
    assert float(said[1]) > 0
    return float(said[2]) / 1000


def asked_for(page: Path, folder: Path) -> tuple[list[str], str]:
    """Addresses of the network that opening the page asks for, and what the console says."""
    log = folder / "net.json"
    arguments = ("--enable-logging=stderr", "--v=0", f"--log-net-log={log}", "--net-log-capture-mode=Everything")
    seen = _run(folder, *arguments, "--dump-dom", page.as_uri())
    console = "\n".join(line for line in seen.stderr.splitlines() if "CONSOLE" in line)
    return re.findall(r'"url":"(https?://[^"]*)"', log.read_text(errors="replace")), console


def unguarded(page: Path, folder: Path, word: str) -> dict[str, Any]:
    """What happens where the page is opened without its policy, which would let no script in.

    Its ``title`` then, the addresses that it asks for (``asked``), what the ``console`` says, in how many texts the
    word is ``seen``, and those that show its letters in another order (``turned``).
    """
    log, copy = folder / "net.json", folder / page.name
    copy.write_text(_opened(page).replace("</body>", f"<script>{_ORDER % json.dumps(word)}</script></body>"))
    arguments = ("--enable-logging=stderr", "--v=0", f"--log-net-log={log}", "--net-log-capture-mode=Everything")
    seen = _run(folder, *arguments, "--virtual-time-budget=60000", "--dump-dom", copy.as_uri())
    said = re.search("<pre>@@([^@]*)@@</pre>", seen.stdout)
    assert said, seen.stdout[-500:]
    found: dict[str, Any] = json.loads(html.unescape(said[1]))
    # The browser asks for the time, and for parts of its own.
    others = r'"url":"(https?://(?![\w.]*\.google(?:apis)?\.com/)[^"]*)"'
    found["asked"] = re.findall(others, log.read_text(errors="replace"))
    found["console"] = "\n".join(line for line in seen.stderr.splitlines() if "CONSOLE" in line)
    return found


def _opened(page: Path) -> str:
    """The page without its policy, which lets no script in."""
    return re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text("utf-8"))
