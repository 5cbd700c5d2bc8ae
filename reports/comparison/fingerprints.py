"""Whether models still answer a fixed set of requests as they did: request by request, so that a change has a place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from harness.bundle.fingerprints import AnswerTaken, fingerprint_digest
from reports.evidence import Evidence
from reports.evidence.comparison import DriftRow

# Requests of one fingerprint whose answers are listed.
LISTED = 3


class FingerprintOf(NamedTuple):
    """What a fingerprint is of."""

    model: str
    transport: str
    replica: str | None


def answers_of(document: Evidence) -> dict[FingerprintOf, dict[str, str]]:
    """Request -> answer, of each fingerprint of a run; what was answered in two ways within it is left out."""
    seen: dict[FingerprintOf, dict[str, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for each in document.fingerprints:
        own = seen[FingerprintOf(each.model, each.transport, each.replica)]
        for taken in each.answers:
            own[taken.request].add(taken.answer)
    return {
        name: {request: answer for request, (answer, *more) in own.items() if answer is not None and not more}
        for name, own in seen.items()
    }


def fingerprint_rows(a: Evidence, b: Evidence) -> Iterator[DriftRow]:
    """A row for each fingerprint that is another one, over the requests that both runs sent, and its first answers."""
    before = answers_of(a)
    for name, after in answers_of(b).items():
        one = before.get(name, {})
        common = sorted(one.keys() & after.keys())
        differing = [request for request in common if one[request] != after[request]]
        if differing:
            about = " ".join(part for part in (name.transport, name.replica) if part)
            yield DriftRow(
                what="fingerprint", model=name.model, about=f"{about} ({len(differing)}/{len(common)})",
                a=_digest(one, common), b=_digest(after, common),
            )  # fmt: skip
            for request in differing[:LISTED]:
                yield DriftRow(
                    what="answer", model=name.model, about=f"{about} {request}", a=one[request], b=after[request]
                )


def _digest(answers: Mapping[str, str], requests: list[str]) -> str:
    taken = (AnswerTaken(request=request, answer=answers[request]) for request in requests)
    return fingerprint_digest(taken) or ""
