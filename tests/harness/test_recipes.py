"""What docs/recipes and docs/rollout.md show can be pasted: YAML is YAML, policies are policies, options are ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from harness.declared.rollout import RolloutTable
from harness.option import options_of
from harness.policy import load_policy
from tests.recipes import COMMAND, PAGES, blocks, commands

ROLLOUT = next(page for page in PAGES if page.name == "rollout.md")
OURS = {each.written for each in options_of("pytest")}
KUBECTL = {"--for", "--from-file", "--timeout"}
RECIPES = {page.stem for page in PAGES} - {"README", "rollout"}
FILES = {
    "github-actions": [".github/workflows/rollout.yml"],
    "gitlab-ci": [".gitlab-ci.yml"],
    "jenkins": ["Jenkinsfile"],
    "kubernetes-job": ["Dockerfile", "job.yaml"],
    "argo-rollouts": ["analysis.yaml", "rollout.yaml"],
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_option_is_one(page: Path) -> None:
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.read_text()))
    assert named <= OURS | KUBECTL


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_are_what_their_names_say(page: Path, tmp_path: Path) -> None:
    for name, text in blocks(page).items():
        if name.endswith((".yml", ".yaml")):
            assert isinstance(yaml.safe_load(text), dict), name
        elif name.endswith(".toml"):
            (tmp_path / "policy.toml").write_text(text)
            assert load_policy(tmp_path / "policy.toml")[0].rollout != RolloutTable()


def test_every_recipe_has_its_file_and_is_listed() -> None:
    assert {*FILES} == RECIPES
    index = next(page for page in PAGES if page.stem == "README").read_text()
    for page in PAGES:
        if page.stem in RECIPES:
            assert f"]({page.name})" in index
            assert [*blocks(page)] == FILES[page.stem]
            assert "\n## How far this was tried\n" in page.read_text()


def test_all_recipes_run_one_command() -> None:
    found = {page.stem: commands(page) for page in PAGES if page.stem in RECIPES}
    assert {command for each in found.values() for command in each} == {COMMAND}
    assert all(len(each) == 1 for each in found.values())


@pytest.mark.parametrize("name", list(RolloutTable.__struct_fields__))
def test_every_key_of_the_policy_is_documented(name: str) -> None:
    assert f"`{name}`" in ROLLOUT.read_text()
