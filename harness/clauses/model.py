"""The catalogue as immutable values: clauses of the protocol, duties of Article 15, dated facts.

The fields of a row class are the keys of its rows in the data files, in the same order; a field with a default may
be left out of the file. :mod:`harness.clauses.load` reads them strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.verdicts import Level

Transport = Literal["rest", "grpc", "both"]
Force = Literal["shall", "may", "info", "shall, if it keeps learning", "shall, where appropriate"]
Applies = Literal["annex-iii", "annex-i", "any"]

ELISION = "…"

# Marks a field that holds an ISO 8601 date: a day, or a month where the source says no more.
DATE: Mapping[str, Any] = {"date": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One normative sentence of the protocol, in our words.

    Attributes:
        area: what it speaks of, such as ``health``; the areas of extensions have ``extension`` set.
        level: how strongly the source speaks, and so how a violation counts.
        document, section: the first source; further ones follow in ``section`` after semicolons.
        probe: how it is observed from outside.
        violation: one example of breaking it.
        reason: why no built-in check covers it; None where one does or should.
    """

    id: str
    transport: Transport
    area: str
    level: Level
    extension: bool = False
    text: str
    document: str
    section: str
    probe: str
    violation: str
    note: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One atomic duty of Article 15, or one facet of a duty of 15(5), in our words.

    Attributes:
        paragraph: such as ``15(4)``, in the numbering of the law (not of its proposal).
        force: how the text binds; ``info`` is addressed to someone other than the provider.
        hook: words of the Article itself, in order, with ``…`` for what is left out.
        can_show, cannot_show: what a test of an endpoint can and cannot tell.
        testable: whether any test of an endpoint can contribute.
        elsewhere: the document that would show what an endpoint cannot.
        asks: what must have been carried out before anything may speak for it, in words; that every check which
            serves it was carried out is asked of each duty, and not said again.
        suites: of each of these, a check that serves the duty must have passed; a suite may be one that is to come.
        passed: checks that must have passed, where their transport has an address: not to apply is not enough.
        declared: the member of the policy (``table.key``) without which the duty is not spoken of at all.
        several_runs: whether one run can never speak for it.
    """

    id: str
    paragraph: str
    force: Force
    text: str
    hook: str
    can_show: str
    cannot_show: str
    testable: bool
    elsewhere: str | None = None
    asks: str | None = None
    suites: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    declared: str | None = None
    several_runs: bool = False

    @property
    def parent(self) -> str | None:
        """The duty that this is a facet of (``A15-5-g`` for ``A15-5-g.detect``); None for an atomic duty."""
        duty, dot, _ = self.id.partition(".")
        return duty if dot else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """The duties that something broken speaks against, whatever else the check that saw it is evidence for.

    Attributes:
        duties: the first whichever check saw it; the others only where that check is evidence for them.
        id: a clause, else ``area:NAME`` for all other clauses of an area; a criterion, ``policy:NAME``; or advice,
            ``advice:NAME``.
        why: what the row rests on, where it does not speak for itself.
    """

    id: str
    duties: tuple[str, ...]
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedFact:
    """A dated fact about the law, to be printed and never computed with.

    Attributes:
        applies: the class of system, as its operator states it, that the fact is printed for.
        text: ready to print; ``{verified_on}`` in the file has been filled in.
        verified_on: the day on which the fact was last checked.
    """

    id: str
    applies: Applies
    text: str
    legal_basis: str
    source: str
    verified_on: str = field(metadata=DATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """A standard or guide that methods are informed by, with its status on a date."""

    id: str
    about: str
    status: str
    bearing: str
    as_of: str = field(metadata=DATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """A published list of attack techniques: ids, and in our words what each is, by who can use it.

    Attributes:
        precondition: what having an endpoint to test amounts to.
        from_outside: techniques that a test of an endpoint can use.
        inside_only: techniques that need more than the endpoint.
        language_models_only: techniques against language models.
    """

    name: str
    version: str
    as_of: str = field(metadata=DATE)
    precondition: Mapping[str, str]
    from_outside: Mapping[str, str]
    inside_only: Mapping[str, str]
    language_models_only: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """The pinned source of the clauses, and how to read them.

    Attributes:
        levels: how a violation of each level counts.
        observed_with: the servers and versions that the notes speak of.
        terms: words that the probes of clauses use, with their meaning.
        files: names of the clause files, in the order of the catalogue.
    """

    project: str
    commit: str
    date: str = field(metadata=DATE)
    levels: str
    observed_with: str
    terms: Mapping[str, str]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything a run is held against; mappings are read-only, by id, in the order of the files.

    Attributes:
        digest: SHA-256 in hexadecimal over names and bytes of all data files.
    """

    protocol: Protocol
    clauses: Mapping[str, Clause]
    duties: Mapping[str, Duty]
    against: Mapping[str, Against]
    law: Mapping[str, DatedFact]
    standards: Mapping[str, Standard]
    taxonomy: Taxonomy
    digest: str

    @property
    def protocol_commit(self) -> str:
        """The commit of the protocol's repository that the clauses were read from."""
        return self.protocol.commit
