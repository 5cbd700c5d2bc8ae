"""What a launcher that was killed has left for temporary files goes when the next one starts."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.load.launch import sweep


def test_homes_of_the_dead_are_removed_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    kept = [tmp_path / f"art15-load-{os.getpid()}-abc", tmp_path / "art15-load-abc", tmp_path / "elsewhere"]
    gone = tmp_path / f"art15-load-{ended.pid}-abc"
    for each in (*kept, gone):
        each.mkdir()
        (each / "master.log").write_text("said")
    link = tmp_path / f"art15-load-{ended.pid}-link"
    link.symlink_to(kept[-1])
    sweep()
    assert sorted(tmp_path.iterdir()) == sorted([*kept, link])
    assert (kept[-1] / "master.log").exists()
