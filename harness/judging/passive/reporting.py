"""From what was seen to cases of a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.check import TesterFailed
from harness.judging.passive.sightings import Sightings

if TYPE_CHECKING:
    from harness.judging.passive.sightings import Sighting, Transport
    from harness.probing.probe import Probe

NAMED = 5


def report_sightings(
    probe: Probe, transport: Transport, clause: str, expected: str, *, by_policy: bool = False
) -> bool:
    """One case for each root cause of a clause that any check of the run has met so far; whether there was one.

    Raises:
        TesterFailed: looking itself went wrong, so nothing can be said.
    """
    sightings = probe.endpoint.memory.find(Sightings)
    if sightings is None:
        return False
    if sightings.defects:
        raise TesterFailed(sightings.defects[0])
    found = sightings.of(transport, clause)
    for each in found:
        probe.holds(False, clause=clause, expected=expected, observed=in_words(each), exchange=each.examples[0],
                    root=each.root, by_policy=by_policy and "valid" not in each.root)  # fmt: skip
    return bool(found)


def in_words(seen: Sighting) -> str:
    """The first case, how many there were, and in which checks."""
    met = [check or "the search for models" for check in seen.checks]
    more = f" and {len(met) - NAMED} more" if len(met) > NAMED else ""
    answers = "1 answer" if seen.count == 1 else f"{seen.count} answers"
    if len(seen.kinds) > 1:
        answers += f" to {', '.join(f'{kind} ({count})' for kind, count in seen.kinds.most_common(NAMED))}"
    return f"{seen.says} ({answers}, met in {', '.join(met[:NAMED])}{more})"


def seen_at_all(probe: Probe, transport: Transport, *, errors: bool = False) -> str:
    """How many answers (or errors) there are to judge, in words; where there is none, nothing is decided."""
    sightings = probe.endpoint.memory.find(Sightings)
    counts = None if sightings is None else sightings.errors if errors else sightings.answers
    if counts is None or not counts[transport]:
        probe.inconclusive(f"no {'error' if errors else 'answer'} of the endpoint is on record")
    return f"{counts[transport]} {'errors' if errors else 'answers'} of the run were looked at"
