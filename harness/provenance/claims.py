"""Claims: what an endpoint says, in one place or another, of where a model comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from harness.provenance.declared import ProvenanceTable
from harness.provenance.forms import Malformed, Said, before, read, same
from harness.provenance.kinds import DEPLOYED, SIGNED, TRAINED, ClaimKind, claim_kinds

# Members of one mapping that are looked at: how many there are is up to the endpoint.
MOST = 1000
# Dates of which the second cannot lie before the first.
ORDER = ((TRAINED, SIGNED), (TRAINED, DEPLOYED))


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim in one place.

    Attributes:
        kind: what is claimed.
        key: under which it stands.
        value: as it stands.
        place: where, for people, such as ``metadata``.
    """

    kind: ClaimKind
    key: str
    value: str
    place: str

    @property
    def words(self) -> str:
        """For people: what is said where, the value cut."""
        return f"{self.key} = {_shown(self.value)} in {self.place}"

    @property
    def problem(self) -> str:
        """What is wrong with how the value is written; empty for nothing."""
        try:
            self.said()
        except Malformed as error:
            return str(error)
        return ""

    def said(self) -> Said:
        """What the value says.

        Raises:
            Malformed: it is not written as its kind asks.
        """
        return read(self.kind.form, self.value)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two claims that cannot both be true."""

    one: Claim
    other: Claim

    @property
    def names(self) -> str:
        """What the two are about."""
        return " and ".join(dict.fromkeys([self.one.kind.name, self.other.kind.name]))

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.one.words}, {self.other.words}"


def claims_in(members: Mapping[str, object], place: str, table: ProvenanceTable) -> list[Claim]:
    """The claims among the members of ``properties`` or ``parameters``; what nobody knows is passed over.

    A value that is an object with a text in ``string_value``, as of Triton's configuration, is that text. What is no
    text is claimed by nobody: that properties are texts is a clause of the protocol.
    """
    kinds = _by_key(table)
    found = []
    for key, value in islice(members.items(), MOST):
        kind = kinds.get(key)
        if kind is None:
            continue
        text = value.get("string_value") if isinstance(value, Mapping) else value
        if isinstance(text, str):
            found.append(Claim(kind, key, text, place))
    return found


def claims_in_headers(headers: Iterable[tuple[str, str]], place: str, table: ProvenanceTable) -> list[Claim]:
    """The claims in headers, which are called as the keys are: small letters, and a hyphen for each dot."""
    kinds = {key.lower().replace(".", "-"): (key, kind) for key, kind in _by_key(table).items()}
    found = []
    for name, value in islice(headers, MOST):
        if (known := kinds.get(name.lower())) is not None:
            found.append(Claim(known[1], name, value, place))
    return found


def contradictions(claims: Sequence[Claim]) -> Iterator[Contradiction]:
    """Claims of one kind that say different things, and dates in an order that cannot be; malformed ones say nothing.

    What replicas may differ in is compared with itself nowhere: two places may be two replicas.
    """
    firsts: dict[str, tuple[Claim, Said]] = {}
    for claim in claims:
        if claim.problem:
            continue
        said = claim.said()
        known = firsts.setdefault(claim.kind.name, (claim, said))
        if not claim.kind.of_instance and not same(known[1], said):
            yield Contradiction(known[0], claim)
    for earlier, later in ORDER:
        if earlier in firsts and later in firsts and before(firsts[later][1], firsts[earlier][1]):
            yield Contradiction(firsts[earlier][0], firsts[later][0])


def unmet(claims: Sequence[Claim], table: ProvenanceTable) -> Iterator[tuple[str, str]]:
    """What the policy requires and the claims do not give: the name of the claim, and why, in words."""
    for name in table.asks:
        made = [each for each in claims if each.kind.name == name]
        wanted = table.expected.get(name)
        if not made:
            yield name, "is not claimed anywhere"
        elif bad := next((each for each in made if each.problem), None):
            yield name, f"{bad.words} {bad.problem}"
        elif wanted is not None:
            other = next((each for each in made if not fits(each.value, wanted)), None)
            if other is not None:
                yield name, f"{other.words} is not {wanted}"


def fits(value: str, wanted: str) -> bool:
    """Whether a text is as wanted, where ``*`` stands for any text, and everything else for itself."""
    first, *rest = wanted.split("*")
    if not rest:
        return value == wanted
    if not value.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = value.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(value) - len(rest[-1]) >= at and value.endswith(rest[-1])


def _by_key(table: ProvenanceTable) -> dict[str, ClaimKind]:
    kinds = claim_kinds()
    return {each.key: each for each in kinds.values()} | {key: kinds[name] for name, key in table.keys.items()}


def _shown(value: str) -> str:
    return repr(value if len(value) <= 100 else f"{value[:97]}...")
