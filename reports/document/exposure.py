"""Facts that matter whatever the checks say: who is let in, and whether what is sent can be read on the way.

No clause decides them, and none of them is a verdict. They are derived from the journal: from what was given to the
run, from requests that were answered, and from what a check noted as a fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reports.evidence import Fact, FactKind, Params
from reports.journal.state import JournalState
from reports.text.sentences import sentences

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
        kind: FactKind = "served_and_reached" if served and reached else "served" if served else "reached"
        audience = "inferers" if given else "everybody"
        exchanges = [*operations.values(), *(fact.exchange for fact in noted if fact.exchange is not None)]
        checks = [fact.check for fact in noted if fact.check is not None]
        yield _fact("open", kind, {"audience": audience, "served": served, "reached": reached}, exchanges, checks)
    if ignored:
        exchanges = [fact.exchange for fact in ignored if fact.exchange][:1]
        yield _fact("open", "credentials_ignored", {}, exchanges, [fact.check for fact in ignored if fact.check])
    elif not given:
        yield _fact("credentials", "no_credentials", {})


def _fact(
    subject: str, kind: FactKind, params: Params, exchanges: Sequence[str] = (), checks: Sequence[str] = ()
) -> Fact:
    return Fact(
        subject=subject,
        text=" ".join(sentences().led("fact", kind, params)),
        exchanges=list(exchanges[:MOST]),
        checks=list(dict.fromkeys(checks)),
        kind=kind,
        params=params,
    )


def _in_order(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))


def _transport(recorded: JournalState) -> Iterator[Fact]:
    plain = recorded.opened.plaintext
    if plain and len(recorded.opened.transports) > 1:
        kind: FactKind = "plain_http_over" if "rest" in plain else "no_tls_over"
        yield _fact("plaintext", kind, {"transports": plain})
    elif plain:
        yield _fact("plaintext", "plain_http" if "rest" in plain else "no_tls", {})
