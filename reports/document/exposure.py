"""Facts that matter whatever the checks say: who is let in, and whether what is sent can be read on the way.

No clause decides them, and none of them is a verdict. They are derived from the journal: from what was given to the
run, from requests that were answered, and from what a check noted as a fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reports.evidence import Fact
from reports.journal.state import JournalState
from reports.text.labels import transports

# Operations first, and of the rest as it was asked.
_FIRST = ("inference", "load", "unload", "index")
_RPC_NAMES = {"RepositoryModelLoad": "load", "RepositoryModelUnload": "unload", "RepositoryIndex": "index"}
MOST = 20


def exposure(recorded: JournalState) -> list[Fact]:
    """The facts of a run, in the order of the first screen; none of a run that sent nothing."""
    if not recorded.exchanges.requests:
        return []
    return [*_open(recorded), *_transport(recorded)]


def _open(recorded: JournalState) -> Iterator[Fact]:
    given = recorded.opened.credentials
    if given is None:
        return
    operations = {} if given else recorded.served_operations
    noted = [fact for fact in recorded.facts if fact.subject == "management"]
    ignored = [fact for fact in recorded.facts if fact.subject == "credentials-ignored"]
    served = _in_order(operations)
    reached = _in_order({_RPC_NAMES.get(fact.name, fact.name) for fact in noted} - {*served})
    if served or reached:
        lead = "Open to those who may infer" if given else "Open to everybody"
        parts = [f"{', '.join(served)} (served)"] if served else []
        parts += [f"{', '.join(reached)} (reachable)"] if reached else []
        yield Fact(
            subject="open",
            text=f"{lead}: {'; '.join(parts)}.",
            exchanges=[*operations.values(), *(fact.exchange for fact in noted if fact.exchange is not None)][:MOST],
            checks=list(dict.fromkeys(fact.check for fact in noted if fact.check is not None)),
        )
    if ignored:
        yield Fact(
            subject="open",
            text="Open to everybody: credentials were given, and the endpoint asks nobody for any.",
            exchanges=list(dict.fromkeys(fact.exchange for fact in ignored if fact.exchange))[:1],
            checks=list(dict.fromkeys(fact.check for fact in ignored if fact.check)),
        )
    elif not given:
        yield Fact(
            subject="credentials",
            text="No credentials were given to this run: what it reached is there for whoever has the address.",
        )


def _in_order(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))


def _transport(recorded: JournalState) -> Iterator[Fact]:
    plain = recorded.opened.plaintext
    if plain:
        over = f" ({transports(plain)})" if len(recorded.opened.transports) > 1 else ""
        lead = "Plain HTTP" if "rest" in plain else "No TLS"
        yield Fact(subject="plaintext", text=f"{lead}{over}: what is sent can be read and changed on the way.")
