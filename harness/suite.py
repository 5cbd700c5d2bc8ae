"""What each suite is: ``suites/SUITE/suite.toml``, read by the plugin and by method validation.

The report has it from the journal.

A new suite is a folder with that file; nothing else lists suites.
"""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec


class InReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the report shows the suite.

    Attributes:
        section: the section of the page; empty for none beside the list of checks.
        heading: what stands above its results there.
        measures: what it measured is drawn, even where no check decided.
    """

    section: str = ""
    heading: str = ""
    measures: bool = False


class InValidation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How method validation runs the suite.

    Attributes:
        models: reference models on which a fault that shows on any is asked for.
        alone: nothing else runs beside it, since that would spoil what it measures.
        policy: the file, relative to the folder of the suite, by which its checks are driven there: the data that it
            names lies relative to it.
        inference_log: the server writes a log of its inferences, at the path that the policy finds in the environment.
        candidate: beside the server stands a candidate. A fault of the suite is seeded in the candidate alone.
    """

    models: tuple[str, ...]
    alone: bool = False
    policy: str = ""
    inference_log: bool = False
    candidate: bool = False

    @property
    def apart(self) -> bool:
        """Whether its checks are asked in runs of their own, and of the other suites' runs take no part."""
        return self.alone or self.candidate or bool(self.policy)


class InPlanning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run with a budget does first of the suite.

    Attributes:
        basic: its checks come before those of other suites.
        worth: of checks that are worth more than their clauses say, by group: who has access, what errors tell of the
            inside.
    """

    basic: bool = False
    worth: dict[str, float] = {}


class Suite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One suite.

    Attributes:
        name: of its folder.
        title: what the report says was not tried where none of its checks ran.
        order: place among the suites.
        protocol: its checks decide the clauses that others meet only in passing.
        permission: the ``--oip-allow`` word that all of its checks need; empty for none.
    """

    name: str
    title: str
    order: int
    validation: InValidation
    protocol: bool = False
    permission: str = ""
    report: InReport = InReport()
    planning: InPlanning = InPlanning()


# Beside this package, and not imported: whoever has a folder of that name must not run.
FOLDER = Path(__file__).resolve().parents[1] / "suites"


@functools.cache
def suites() -> tuple[Suite, ...]:
    """Every suite that ships with art15, in order.

    Raises:
        ValueError: a ``suite.toml`` is not as it must be; the message names it.
    """
    found = []
    for path in FOLDER.glob("*/suite.toml"):
        try:
            values = msgspec.toml.decode(path.read_bytes())
            found.append(msgspec.convert({"name": path.parent.name, **values}, Suite))
        except (msgspec.DecodeError, TypeError) as error:
            raise ValueError(f"suites/{path.parent.name}/suite.toml: {error}") from error
    return tuple(sorted(found, key=lambda suite: suite.order))


def suite_named(name: str) -> Suite | None:
    """The suite of that name; None if it is that of a third party."""
    return next((suite for suite in suites() if suite.name == name), None)
