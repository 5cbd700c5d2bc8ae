"""The ways in which each server is probed, and what was confirmed of each: `tests/servers/<name>/findings.md`.

A record begins with the table for the run of CI. A section headed `## With ...` holds what another way shows beyond
it, or differently: a row of it stands in place of the row of the same check, and `pass` says that nothing is left.
A `*` in the name of a check stands for any characters: a row with one allows its verdict for each such check.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.servers.install import recipe_of
from tests.servers.recipe import HERE
from tests.servers.servers import Endpoint, serve

FOUND = ("fail", "warn", "tool_error", "inconclusive", "untestable")
# What a run may find in place of the row's verdict, where chance decides how far a server comes.
# It reads beyond the data of a request whose shape says more, and what lies there changes.
EITHER = {
    "omle": {
        "adversarial-shape-outgrows-data[iris]": ("warn", "fail"),
        "adversarial-grpc-record-agrees": ("warn", "pass"),
    }
}
ROW = re.compile(r"^\| `([^`]+)` \| (\w+) \|", re.MULTILINE)


@dataclass(frozen=True)
class Way:
    """One server, how it is started, what the run may do to it, and which section of the record tells of that."""

    server: str
    heading: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    allow: str = "repository"
    restart: bool | None = None

    @contextmanager
    def served(self) -> Iterator[Endpoint]:
        """The server, started this way."""
        restart = recipe_of(self.server).restarted if self.restart is None else self.restart
        with serve(self.server, self.environ, restart=restart) as endpoint:
            yield endpoint

    def recorded(self, seen: Mapping[str, str]) -> dict[str, str]:
        """Check id -> verdict, of everything that is no pass; `*` in a row is filled in from the verdicts `seen`."""
        text = (HERE / self.server / "findings.md").read_text()
        first, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
        found = dict(ROW.findall(first))
        for section in sections:
            if self.heading and section.startswith(self.heading):
                found.update(ROW.findall(section))
        filled: dict[str, str] = {}
        for row, verdict in found.items():
            for each in _meant(row, verdict, seen):
                filled[each] = verdict
        filled |= {row: verdict for row, verdict in found.items() if "*" not in row}
        for each, allowed in EITHER.get(self.server, {}).items():
            if seen.get(each) in allowed:
                filled[each] = seen[each]
        return {identity: verdict for identity, verdict in filled.items() if verdict in FOUND}


def _meant(row: str, verdict: str, seen: Mapping[str, str]) -> list[str]:
    """The checks that a row tells of; itself, if it tells of none that was seen."""
    pattern = re.compile(re.escape(row).replace(r"\*", ".*"))
    return [each for each, said in seen.items() if said == verdict and pattern.fullmatch(each)] or [row]


def differences(seen: Mapping[str, str], known: Mapping[str, str], searches: Collection[str] = ()) -> dict[str, str]:
    """Check id -> what a run and the record say, where they differ; empty where each is the other's.

    Args:
        seen: verdicts of the run, of every check.
        known: what :meth:`Way.recorded` gives for it.
        searches: checks that may find more with another release of their library.
    """
    found = {each: verdict for each, verdict in seen.items() if verdict in FOUND}
    said = {}
    for each in sorted({*found, *known}):
        if found.get(each) != known.get(each) and (each in known or each not in searches):
            said[each] = f"seen {seen.get(each, 'nothing')}, recorded {known.get(each, 'nothing')}"
    return said


WORKER = {"MLSERVER_PARALLEL_WORKERS": "1"}
# What CI does not wait for; `make validate` does.
FURTHER = {
    "mlserver, one worker": Way("mlserver", "With one worker process", WORKER),
    **{
        f"{name}, stress": Way(name, "With `stress`", allow="stress,repository", restart=True)
        for name in ("mlserver", "kserve", "triton", "omle", "pytriton", "aissemble")
    },
}
