"""From a check to its fault and back is one step: both lie in files of the same suite and group."""

from __future__ import annotations

import importlib
from pathlib import Path

import suites
from harness.check import Check
from harness.reference import faults
from harness.reference.faults import FAULTS
from harness.run.checks import load_checks

CHECKS = [check for check in load_checks()[0] if check.builtin]
FOLDER, SUITES = Path(faults.__path__[0]), Path(suites.__path__[0])
MODULES = [path for path in FOLDER.rglob("*.py") if path.name not in ("__init__.py", "registry.py")]


def place_of(check: Check) -> str:
    """The file of a check, as its fault says it: ``conformance/rest/health``."""
    *folders, group = check.function.__module__.split(".")[1:]
    return "/".join([*folders, group.removeprefix("test_")])


def test_a_fault_lies_in_the_file_of_a_check_that_names_it() -> None:
    places: dict[str, set[str]] = {}
    for check in CHECKS:
        for name in check.faults:
            places.setdefault(name, set()).add(place_of(check))
    astray = {name: FAULTS[name].place for name, found in places.items() if FAULTS[name].place not in found}
    assert not astray


def test_a_fault_that_no_check_names_lies_with_a_check_of_its_clauses() -> None:
    named = {name for check in CHECKS for name in check.faults}
    asked: dict[str, set[str]] = {}
    for check in CHECKS:
        asked.setdefault(place_of(check), set()).update(check.asked)
    lost = {name: each.place for name, each in FAULTS.items()
            if name not in named and not asked.get(each.place, set()) & {*each.clauses}}  # fmt: skip
    assert not lost


def test_every_module_registers_faults_of_a_group_or_is_a_helper() -> None:
    registering = {each.place for each in FAULTS.values()}
    for path in MODULES:
        place = path.relative_to(FOLDER).with_suffix("").as_posix()
        if place.startswith("kit/"):
            assert place not in registering, f"{place} holds helpers; its fault belongs to the file of a check"
            assert importlib.import_module(f"{faults.__name__}.{place.replace('/', '.')}").__doc__
        else:
            assert place in registering, f"{place} registers no fault: helpers belong to kit"
            folder, _, group = place.rpartition("/")
            assert (SUITES / folder / f"test_{group}.py").is_file(), f"no checks stand where {place} does"


def test_files_of_faults_use_each_other_only_through_the_kit() -> None:
    own = f"from {faults.__name__}."
    for path in MODULES:
        borrowed = [line.split()[1] for line in path.read_text().splitlines() if line.startswith(own)]
        assert all(name.removeprefix(f"{faults.__name__}.").startswith(("kit.", "registry")) for name in borrowed), path
