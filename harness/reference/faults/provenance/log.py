"""Seeded faults that the checks of ``suites/provenance/test_log.py`` find: with ``--inference-log``."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Entry, Hooks

LOG = "policy:inference-log"
EVERY = 7


def _each(way: Callable[[Entry], list[Entry]]) -> Install:
    """Write what a way of logging makes of every seventh entry of an inference that was answered."""

    def install(hooks: Hooks) -> None:
        numbers = count(1)

        def edit(entries: list[Entry]) -> list[Entry]:
            due = [each for each in entries if each["refused"] == "false"]
            return way(due[0]) if due and next(numbers) % EVERY == 0 else entries

        hooks.logged.append(edit)

    return install


fault("provenance-log-drops-entries", LOG, text="every seventh inference has no entry in the log")(_each(lambda _: []))

fault("provenance-log-repeats-entries", LOG, text="every seventh inference has two entries in the log")(
    _each(lambda entry: [entry, entry])
)

fault("provenance-log-of-another-version", LOG, text="every seventh entry of the log names another version")(
    _each(lambda entry: [{**entry, "version": "0"}])
)

fault("provenance-log-of-another-payload", LOG, text="every seventh entry of the log has another payload's digest")(
    _each(lambda entry: [{**entry, "request": "0" * 64}])
)


@fault("provenance-log-without-refused", LOG, text="requests that are refused have no entry in the log")
def without_refused(hooks: Hooks) -> None:
    hooks.logged.append(lambda entries: [each for each in entries if each["refused"] == "false"])
