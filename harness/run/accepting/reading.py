"""What a run was told to accept, read from the files that the command line names."""

from __future__ import annotations

from pathlib import Path

from harness.run.accepting.baseline import load_baseline
from harness.run.accepting.requirements import chosen_set
from harness.run.accepting.standing import Accepting


def accepting_of(requirements: str | None, baseline: str | None) -> Accepting:
    """What the options name: a requirement set (else the newest), and a baseline (else none).

    Raises:
        harness.tables.TableError: a file is not as it must be.
    """
    chosen, digest = chosen_set(requirements)
    known, known_digest = load_baseline(Path(baseline)) if baseline is not None else (None, None)
    return Accepting(chosen, digest, known, known_digest)
