"""Writes the baseline of a server from the bundles of its runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec

from harness.run.accepting.baseline import UNTESTABLE, Baseline, Identity, KnownFinding, identity_of, most_thorough
from harness.run.bundles.recordings import read_document
from reports.causes import fields_of, key_of, load_causes
from reports.evidence import CheckResult, Evidence, Tally
from reports.text.neutralise import plain, spelled

_HEAD = """\
# Known findings of a server, for pytest --oip-baseline: the run fails on others, and on those that occur no more.
# `art15 baseline` writes this file anew and keeps each reason. Check, model, cause and clause identify a finding.
# sometimes = true: it does not occur in each run, and is not missed where it does not.
"""
UNTESTED = "Asked for by name, and could not be tested"
_DECIDED = ("pass", "warn", "fail")


def baseline_of(folders: Iterable[Path], before: Baseline | None = None) -> Baseline:
    """The known findings of all bundles together.

    What one of them does not show, though its check came to its end there, occurs only sometimes. Of what none of them
    has looked for, the entries of ``before`` stay; so do its reasons.

    Raises:
        harness.run.bundles.recordings.BundleError: a bundle is not whole.
    """
    documents = [read_document(folder) for folder in folders]
    found: dict[Identity, KnownFinding] = {}
    for document in documents:
        for entry in _entries(document):
            found.setdefault(entry.identity, entry)
    told = {entry.identity: entry for entry in before.findings} if before is not None else {}
    for identity, entry in told.items():
        if identity not in found and not any(_looked_for(entry, document) for document in documents):
            found[identity] = entry
    entries = [
        msgspec.structs.replace(
            entry,
            reason=told[identity].reason if identity in told else "",
            sometimes=entry.sometimes
            or (identity in told and told[identity].sometimes)
            or any(_looked_for(entry, each) and not _shows(entry, each) for each in documents),
        )
        for identity, entry in found.items()
    ]
    plans = [document.plan for document in documents]
    return Baseline(
        version=1,
        profile=most_thorough(plan.profile for plan in plans),
        allow=sorted({word for plan in plans for word in plan.allow}),
        findings=sorted(entries, key=lambda each: tuple(str(part) for part in each.identity)),
    )


def text_of(baseline: Baseline) -> str:
    """The file of a baseline."""
    parts = [
        _HEAD,
        f"version = {baseline.version}",
        f"profile = {_said(baseline.profile)}",
        f"allow = {_said(baseline.allow)}",
    ]
    for entry in baseline.findings:
        rows = {name: getattr(entry, name) for name in ("check", "model", "cause", "clause", "title", "reason")}
        # The title is for people: words of an endpoint do nothing there.
        rows["title"] = plain(entry.title)
        rows |= {"sometimes": True} if entry.sometimes else {}
        parts += [
            "",
            "[[findings]]",
            *(f"{name} = {_said(value)}" for name, value in rows.items() if value is not None),
        ]
    return "\n".join(parts) + "\n"


def _said(value: object) -> str:
    """A value as TOML writes it: as JSON does, with the escapes of TOML for what hides or reorders."""
    return spelled(json.dumps(value, ensure_ascii=False), lambda point: f"\\U{point:08X}")


def _entries(document: Evidence) -> Iterable[KnownFinding]:
    """What turned the run red, or was known to; what a waiver accepts runs out, and is left to it."""
    places = [(each, check, root) for each in document.summary.findings for check in each.checks for root in each.roots]
    titles = {(check, root): finding.title for finding, check, root in places}
    for check in document.checks:
        if _untested(check, document):
            yield KnownFinding(check=check.slug, model=check.model, cause=UNTESTABLE, title=UNTESTED)
        for tally in _failed(check):
            key = key_of(check.slug, tally.root, tally.clause)
            title = _title(key) or titles.get((check.id, key), "")
            slug, model, cause, clause = identity_of(check.slug, check.model, tally.root, tally.clause)
            # When an endpoint goes away is seldom the same in two runs, if it does at all.
            yield KnownFinding(check=slug, model=model, cause=cause, clause=clause, title=title, sometimes=slug is None)


def _untested(check: CheckResult, document: Evidence) -> bool:
    """Whether a check turned the run red because it was asked for by name and could not be tested."""
    used = document.plan.requirements
    outside = {row.name for row in used.left_out if row.kind == "check"} if used is not None else set()
    asked = check.asked_by_name and not check.unreached and check.waiver is None
    return check.verdict == "untestable" and asked and check.slug not in outside


def _title(key: str) -> str:
    """What is wrong, without the counts of one run; empty where the causes do not say."""
    found = load_causes().find(key)
    if found is None:
        return ""
    cause, fields = found
    return cause.title.format_map(dict.fromkeys(fields_of(cause.title), "…") | fields)


def _failed(check: CheckResult) -> list[Tally]:
    """Everything that fails a check and counts."""
    if check.verdict != "fail" or check.waiver is not None:
        return []
    failing = {each.clause for each in check.clauses if each.verdict == "fail"}
    return [
        tally
        for tally in check.tallies
        if tally.verdict == "fail" and tally.clause in failing and tally.standing != "not_counted"
    ]


def _of(entry: KnownFinding, document: Evidence) -> list[CheckResult]:
    return [check for check in document.checks if (check.slug, check.model) == (entry.check, entry.model)]


def _looked_for(entry: KnownFinding, document: Evidence) -> bool:
    return any(check.whole and check.verdict in _DECIDED for check in _of(entry, document))


def _shows(entry: KnownFinding, document: Evidence) -> bool:
    return any(
        entry.identity == identity_of(check.slug, check.model, tally.root, tally.clause)
        for check in document.checks
        for tally in _failed(check)
    )
