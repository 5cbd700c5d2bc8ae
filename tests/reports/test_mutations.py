"""Drawn changes to a bundle: none is missed, and the file that was touched is named.

``ART15_MUTATIONS`` says how many of them.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from reports.bundle import finish
from reports.seal.signing import sign_bundle
from reports.verification.verify import verify
from tests.reports import factory
from tests.reports.mutations import Mutant, whole
from tests.reports.some_seals import KEY

EACH = 250
SEEDS = int(os.environ.get("ART15_MUTATIONS", "500")) // EACH


def missed(tmp_path: Path, count: int, seed: int) -> list[str]:
    """What of so many changes was not told, or without the name of the file; with an odd seed of a pack."""
    folder, foreign = tmp_path / "evidence", tmp_path / "foreign"
    packed = seed % 2 == 1
    whole(folder, packed=packed)
    finish(folder)
    sign_bundle(folder, KEY)
    factory.finished(foreign, packed=packed)
    finish(foreign)
    sound = verify(folder)
    assert (sound.problems, sound.unchecked) == ([], [])
    mutant, found, done = Mutant(folder, foreign, random.Random(seed)), [], 0
    while done < count:
        change = mutant.change()
        if change is None:
            continue
        done += 1
        words, names = change
        seen = verify(folder)
        said = {problem.file for problem in seen.problems}
        if not any(name in said or any(name in text for text in seen.unchecked) for name in names):
            found.append(f"{words}: told {sorted(said)} {seen.unchecked}")
        mutant.put_back()
    assert verify(folder).problems == []
    return found


@pytest.mark.parametrize("seed", range(14, 14 + SEEDS))
def test_mutations_are_told(tmp_path: Path, seed: int) -> None:
    assert not (found := missed(tmp_path, EACH, seed)), "\n".join(found)
