"""What docs/drills.md shows can be pasted, and shows every kind of fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml

from harness.drills.declared import Drill
from harness.drills.kinds import FaultTable, HooksFault
from harness.policy import load_policy
from harness.run.checks import load_checks

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "drills.md").read_text(encoding="utf-8")


def examples() -> list[str]:
    """Each ``[[drills]]`` of the page."""
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", PAGE, re.MULTILINE)
    text = "\n".join(line.removeprefix("    ") for block in blocks for line in block.splitlines())
    found = re.split(r"(?=^\[\[drills\]\])", text, flags=re.MULTILINE)[1:]
    # A command or another language may come after it.
    return [re.split(r"\n\n(?=[^\[])", each)[0] for each in found]


def drills(folder: Path) -> Iterator[Drill]:
    """All of them, read as a policy."""
    (folder / "experiment.json").write_text("{}")
    policy = folder / "policy.toml"
    policy.write_text("\n".join(examples()))
    yield from load_policy(policy)[0].drills


def test_every_example_is_read(tmp_path: Path) -> None:
    assert len(list(drills(tmp_path))) == PAGE.count("[[drills]]") > 10


@pytest.mark.parametrize("kind", [kind.__struct_config__.tag for kind in get_args(FaultTable)])
def test_every_kind_and_its_keys_are_documented(kind: str) -> None:
    assert f'"{kind}"' in PAGE or f"`{kind}`" in PAGE


@pytest.mark.parametrize("name", list(Drill.__struct_fields__))
def test_every_key_of_a_drill_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("kind", get_args(FaultTable))
def test_every_key_of_a_fault_is_documented(kind: type[FaultTable]) -> None:
    for name in kind.__struct_fields__:
        assert re.search(rf"`{name}`|\b{name} = ", PAGE), f"{kind.__struct_config__.tag}: {name}"


def test_what_is_planted_in_a_cluster_is_found_by_the_check_that_the_page_names() -> None:
    checks = {check.slug: check for check in load_checks()[0]}
    planted = re.findall(r"^\| [^|]+ \| `([^`]+)` \| `([^`]+)` \|$", PAGE, re.MULTILINE)
    assert len(planted) == 15
    for fault, slug in planted:
        assert fault in checks[slug].faults, f"{slug} names no fault {fault}"


def test_manifests_that_hooks_name_are_there_and_are_yaml(tmp_path: Path) -> None:
    named = {
        word
        for drill in drills(tmp_path)
        if isinstance(drill.fault, HooksFault)
        for word in [*drill.fault.inject, *(drill.fault.revert or [])]
        if word.endswith(".yaml")
    }
    for name in named:
        assert (DOCS / name).is_file()
    for path in (DOCS / "recipes" / "chaos-mesh").glob("*.yaml"):
        manifest = yaml.safe_load(path.read_text())
        assert manifest["apiVersion"] == "chaos-mesh.org/v1alpha1"
        assert manifest["kind"] in {"PodChaos", "NetworkChaos"}
        assert manifest["metadata"]["name"] == f"art15-{path.stem}"
