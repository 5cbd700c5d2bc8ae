"""On paper: what is folded on the screen is printed. Needs Chromium; without it the structure tests must do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pages(html: Path, folder: Path) -> int:
    """How many pages Chromium prints."""
    assert CHROMIUM
    pdf = folder / f"{html.stem}.pdf"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    flags += [f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={pdf}"]
    subprocess.run(
        [CHROMIUM, *flags, html.as_uri()],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="no Chromium on this machine: make system")
@pytest.mark.parametrize("bundle", ["sealed", "drilled"])
def test_folded_parts_are_printed(bundle: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    sealed: Path = request.getfixturevalue(bundle)
    opened, bare = tmp_path / "opened.html", tmp_path / "bare.html"
    text = (sealed / "annex.html").read_text()
    opened.write_text(re.sub(r"<details(?![^>]* open)", "<details open", text))
    bare.write_text(re.sub(r"(?s)<details.*?</details>", "", text))
    assert pages(sealed / "report.html", tmp_path) == pages(opened, tmp_path) > pages(bare, tmp_path)
