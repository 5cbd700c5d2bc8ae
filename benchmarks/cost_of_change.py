"""What new checks cost in requests, and what others send less than before: prints the table of ``docs/costs.md``.

    pytest --endpoint embedded --oip-model pair --oip-evidence BEFORE    # in a checkout of before the change
    pytest --endpoint embedded --oip-model pair --oip-evidence AFTER     # and in one of after it
    python -m benchmarks.cost_of_change BEFORE AFTER

A row is a file of checks. Files that send as much as before are one row together, and those without new checks also
where they send about as much.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from reports.evidence import Evidence, decode

# Requests by which a file of checks may change without a row of its own.
ALIKE = 20


def sent(document: Evidence, names: Mapping[str, str]) -> Counter[str]:
    """Requests by file of checks; those that no check sent, such as the first ones, are one of them."""
    found: Counter[str] = Counter()
    for check in document.checks:
        found[names[check.slug]] += check.exchanges_total
    found["no check"] = document.run.requests - found.total()
    return found


def table(before: Evidence, after: Evidence) -> Iterator[str]:
    """The lines of the table."""
    # By where a check stands now: one that moved sends what it sent.
    names = {check.slug: f"{check.suite}/{check.group}" for document in (before, after) for check in document.checks}
    was, now = sent(before, names), sent(after, names)
    known = {check.slug for check in before.checks}
    new = {check.slug: names[check.slug] for check in after.checks if check.slug not in known}
    change = {name: now[name] - was[name] for name in {*was, *now}}
    rows = [name for name in change if abs(change[name]) > (0 if name in new.values() else ALIKE)]
    yield "| checks | new | before | after | change |"
    yield "| --- | --- | --- | --- | --- |"
    for name in sorted(rows, key=lambda name: (-change[name], name)):
        slugs = ", ".join(f"`{slug}`" for slug, place in new.items() if place == name)
        yield f"| {name} | {slugs} | {was[name]} | {now[name]} | {change[name]:+} |"
    rest = {*change} - {*rows}
    few = sum(was[name] for name in rest), sum(now[name] for name in rest)
    yield f"| {len(rest)} others | | {few[0]} | {few[1]} | {few[1] - few[0]:+} |"
    yield f"| all | {len(new)} | {was.total()} | {now.total()} | {now.total() - was.total():+} |"


def main(arguments: list[str]) -> None:
    """Read both folders and print the table."""
    before, after = (decode((Path(each) / "evidence.json").read_bytes()) for each in arguments)
    sys.stdout.writelines(f"{line}\n" for line in table(before, after))


if __name__ == "__main__":
    main(sys.argv[1:])
