"""Robustness on the page: a curve with its bounds, a table beside it, pictures, relations; and verified again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.verification.page_form import not_inert
from reports.verification.verify import verify
from tests.endtoend.labelled_rows import write_table
from tests.endtoend.running import Ran
from tests.endtoend.test_robustness import run

pytestmark = pytest.mark.slow
DIGITS = """
[[robustness]]
model = "digits"
data = "digits.csv"
label = "kind"
output = "label"
scores = "probabilities"
groups = ["size"]
rows = 60
[robustness.domain]
image = { shape = [8, 8], range = [0.0, 16.0] }
[[robustness.perturbation]]
kind = "shot_noise"
sizes = [1, 3, 5]
max_changed = 0.3
at = [1]
reason = "scanned forms"
[[robustness.perturbation]]
kind = "missing"
metric = "f1"
[[robustness.invariance]]
change = "shift"
by = 1e-9
features = ["*"]
[[robustness.monotonicity]]
features = ["x0"]
by = 1.0
score = "3"
[[robustness.outside]]
feature = "x10"
beyond = [100.0]
expect = "low-confidence"
below = 0.2
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("data")
    write_table(folder, "digits")
    return run(folder, tmp_path_factory.mktemp("page"), DIGITS, model="digits")


def page(ran: Ran) -> str:
    return (ran.folder / "annex.html").read_text()


def test_the_bundle_is_whole(ran: Ran) -> None:
    assert verify(ran.folder).problems == []
    assert not_inert(page(ran).encode()) is None


def test_curves_are_drawn_with_their_bounds(ran: Ran) -> None:
    assert "Share of changed decisions: shot noise" in page(ran)
    assert len(re.findall(r'<img class="picture" src="data:image/svg\+xml;base64,[^"]+"', page(ran))) >= 2
    assert "limit of the policy" in page(ran)


def test_an_image_stands_as_it_is_and_changed(ran: Ran) -> None:
    pictures = re.findall(r'<img src="data:image/png;base64,[^"]+" width="8" height="8" alt="[^"]+"', page(ran))
    assert len(pictures) == 3


def test_relations_stand_beside_what_broke_them(ran: Ran) -> None:
    assert "the same decision with * plus 1e-09" in page(ran)
    assert "a row with x10 at 100 is refused, or gets no score of 0.2 or more" in page(ran)
    assert ran.verdicts["robustness-outside[digits]"] == "fail"


def test_a_domain_is_told(ran: Ran, tmp_path: Path) -> None:
    assert "an image of 8 by 8 pixels, from 0 to 16" in page(ran)
