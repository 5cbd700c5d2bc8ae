"""Pictures: the same bytes in every process, nothing from outside, and each number told in words as well."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest

from harness.bundle.provenance import LinkState, Place
from reports.document.sums import drawn
from reports.evidence import Evidence, decode
from reports.pictures import canvas
from reports.pictures.chain import chain_picture
from reports.pictures.picture import Picture
from reports.pictures.shares import clauses_picture, coverage_picture, duties_picture
from reports.text.sentences import sentences
from tests.reports import factory

SAID = sentences()
MOST_BYTES = 60_000
CHAIN: tuple[tuple[Place, LinkState | None, int], ...] = (
    ("registry", "contradicted", 1),
    ("artefact", "computed", 2),
    ("endpoint", "claimed", 3),
    ("answer", None, 0),
)


def held(picture: Picture | None) -> Picture:
    """The picture, once it is what every picture is to be."""
    assert picture is not None
    root = ET.fromstring(picture.svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    names = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert names <= {"svg", "defs", "style", "g", "path", "use", "clipPath", "rect", "pattern"}
    ids = {each.get("id") for each in root.iter() if each.get("id")}
    for each in root.iter():
        assert not any(name.startswith("on") for name in each.attrib)
        target = each.get("href")
        assert target is None or (target.startswith("#") and target[1:] in ids)
    text = picture.svg.decode()
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert len(picture.svg) < MOST_BYTES
    assert picture.told
    assert picture.title
    assert all(len(row) == len(picture.columns) for row in picture.rows)
    assert picture.size[0] in (720, 360)
    return picture


@pytest.fixture(scope="module")
def document(sealed: Path) -> Evidence:
    return decode((sealed / "evidence.json").read_bytes())


def test_clauses_are_counted_by_subject(document: Evidence) -> None:
    picture = held(clauses_picture(SAID, document.catalogue.clauses))
    counted = [sum(int(each) for each in row[1:]) for row in picture.rows]
    assert sum(counted) == len(document.catalogue.clauses)
    broken = sum(row.verdict == "fail" for row in document.catalogue.clauses)
    assert f"{broken} broken" in picture.told


def test_duties_are_counted_by_paragraph(document: Evidence) -> None:
    picture = held(duties_picture(SAID, document.duties))
    assert [row[0] for row in picture.rows] == list(dict.fromkeys(row.paragraph for row in document.duties))
    assert sum(int(each) for row in picture.rows for each in row[1:]) == len(document.duties)


def test_what_searches_drew_is_added_up(document: Evidence) -> None:
    values = {"FP32 zero": 3, "FP32 ordinary": 40, "BYTES empty": 2, "rank 2": 7}
    checks = [msgspec.structs.replace(document.checks[0], exercised=values)] * 2
    picture = held(coverage_picture(SAID, drawn(checks)))
    assert picture.rows == (
        *(("BYTES", "empty", "4"), ("FP32", "ordinary", "80"), ("FP32", "zero", "6")),
        ("–", "rank 2", "14"),
    )
    assert coverage_picture(SAID, {}) is None


def test_a_chain_names_each_place_and_its_state() -> None:
    picture = held(chain_picture(SAID, "chain-1", factory.HOSTILE, CHAIN))
    assert picture.rows[0] == ("Registry", "contradicted", "1")
    assert "Answer: not looked at" in picture.told


def test_words_of_others_are_harmless() -> None:
    assert canvas.label("a\n\u202eb $x^2$ <i>") == "a ‹U+202E›b $x^2$ <i>"
    assert canvas.label("東京") == "\ufffd\ufffd"
    assert len(canvas.label("x" * 500)) == 40
    rows = clauses_picture(SAID, [])
    assert rows is None


def test_hostile_subjects_are_drawn(document: Evidence) -> None:
    rows = [msgspec.structs.replace(each, area=f"{factory.HOSTILE}${{\\frac") for each in document.catalogue.clauses]
    held(clauses_picture(SAID, rows))


def test_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    """Whatever the language, the hash seed and the style files of the machine."""
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nsvg.fonttype: none\naxes.facecolor: red\n")
    program = (
        "import hashlib; from reports.text.sentences import sentences as said;"
        "from reports.pictures.chain import chain_picture as picture;"
        f"print(hashlib.sha256(picture(said(), 'c', 'm', {CHAIN!r}).svg).hexdigest())"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "7", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    ours = hashlib.sha256(chain_picture(SAID, "c", "m", CHAIN).svg).hexdigest()
    assert done.stdout.strip() == ours
    assert done.stderr == ""


def test_a_page_without_pictures_needs_no_matplotlib() -> None:
    program = "import sys, reports.page.render; assert 'matplotlib' not in sys.modules"
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True)
