"""Writes requirement sets: everything there is, one line each and sorted, so that changes beside each other merge."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import harness
from harness.check import Check
from harness.clauses import Catalogue
from harness.criteria import Advice, Criterion
from harness.run.accepting.requirements import SUFFIX, RequirementSet, load_set, shipped
from harness.verdicts import Level

_HEAD = """\
# What counts towards the exit code of a run (docs/requirements.md): {name}.
# `make requirements` writes this file; what is moved to [not_counted], with a reason, stays there.
"""


def renew(target: Path, checks: Iterable[Check], catalogue: Catalogue) -> Path:
    """Write a set of everything there is, and give its path.

    Args:
        target: a file, or a folder of sets: there the newest set is written anew, and where that belongs to an
            earlier release, the next one is begun.

    Raises:
        harness.tables.TableError: a set that is there is not as it must be.
    """
    ours = [check for check in checks if check.builtin]
    if target.suffix == SUFFIX:
        before = load_set(target)[0] if target.exists() else RequirementSet(name=target.stem)
        path = target
    else:
        before = _next(shipped(target), f"oip-{catalogue.protocol_commit}")
        path = target / f"{before.name}{SUFFIX}"
    path.write_text(text_of(everything(before, ours, catalogue)), "utf-8")
    return path


def _next(sets: list[RequirementSet], name: str) -> RequirementSet:
    """The set to write: the newest one where it is of this release and of these clauses, otherwise a new one."""
    if not sets:
        return RequirementSet(name=name)
    newest = sets[-1]
    if newest.release == harness.__version__ and newest.name.startswith(name):
        return newest
    edition = newest.edition + 1
    taken = any(each.name == name for each in sets)
    return RequirementSet(name=f"{name}-{edition}" if taken else name, edition=edition, not_counted=newest.not_counted)


def everything(before: RequirementSet, checks: Iterable[Check], catalogue: Catalogue) -> RequirementSet:
    """The set that counts everything there is, but for what nothing can probe and what ``before`` leaves out."""
    slugs = {check.slug: check.suite for check in checks}
    unseen = {clause.id: clause.reason for clause in catalogue.clauses.values() if clause.reason is not None}
    there_is = {*catalogue.clauses, *Criterion, *Advice, *slugs}
    left = {name: why for name, why in before.not_counted.items() if name in there_is} | unseen
    return RequirementSet(
        name=before.name,
        edition=before.edition,
        release=harness.__version__,
        protocol=catalogue.protocol_commit,
        clauses={each.id: each.level for each in catalogue.clauses.values() if each.id not in left},
        criteria={each.value: Level.MUST for each in Criterion if each not in left},
        advice={each.value: Level.SHOULD for each in Advice if each not in left},
        checks={slug: suite for slug, suite in slugs.items() if slug not in left},
        not_counted=left,
    )


def text_of(requirements: RequirementSet) -> str:
    """The file of a set."""
    head = {name: getattr(requirements, name) for name in ("name", "edition", "release", "protocol")}
    parts = [_HEAD.format(name=requirements.name), *_lines(head)]
    for table in ("clauses", "criteria", "advice", "checks", "not_counted"):
        rows: Mapping[str, str] = getattr(requirements, table)
        parts += ["", f"[{table}]", *_lines(dict(sorted(rows.items())))]
    return "\n".join(parts) + "\n"


def _lines(rows: Mapping[str, object]) -> list[str]:
    # A string of JSON is one of TOML, and names hold no dots.
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in rows.items()]
