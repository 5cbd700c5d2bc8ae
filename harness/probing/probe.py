"""What a check holds in its hands: the client, the endpoint, one model, and a place to say what it saw."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from hypothesis.strategies import SearchStrategy

from harness.check import Check, Inconclusive, NotApplicable, Untestable
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.models import NO_ADDRESS, ModelUnderTest
from harness.endpoint.rest_route import outputs_of
from harness.endpoint.route import Accepted, with_id
from harness.generate.campaign import CampaignResult
from harness.oracles.equality import difference
from harness.outcome import FactSubject, ObservedFact, Outcome, Violation
from harness.probing.advisory import AdvisoryCases
from harness.probing.guards import guarded, is_known_part, is_optional, why
from harness.probing.json_values import json_type, shown
from harness.probing.searching import SearchResult, search_for
from harness.probing.told import ToldViolations
from harness.record.exchange import Exchange
from harness.record.quoting import clip
from harness.record.store import Recorder
from harness.verdicts import Verdict
from harness.wire import strictjson
from harness.wire.messages import InferRequest
from harness.wire.reading import MORE_BODY
from harness.wire.rest import RestClient, json_of

if TYPE_CHECKING:
    from harness.wire.rpc import GrpcClient

T = TypeVar("T")

# A model or a version that no server has: random once, so that replays send the same bytes.
UNKNOWN_MODEL = "no-such-model-7f3a"

# Characters of a root cause: some hold words of the endpoint.
ROOT = 200

# Exchanges of violations that are held until the check is over, and the bytes of an answer that is held so.
MOST_SHOWN, LARGEST_SHOWN = 6, 1 << 20

# Facts that one check may note: how many there are is up to the endpoint.
MOST_NOTED = 1000


@dataclass(slots=True)
class Probe:
    """Handed to every check.

    A check reports with :meth:`holds`, once a case, and may leave early with :meth:`untestable`,
    :meth:`not_applicable` or :meth:`inconclusive`. It decides no verdict: that follows from the clauses' levels.
    """

    check: Check
    endpoint: Endpoint
    outcome: Outcome
    on_model: ModelUnderTest | None = None
    # What a run of load repeats: the exchange of a case that is about many requests and names none.
    repeated: Exchange | None = field(default=None, init=False)
    # Takes the cases while they are about what the endpoint never promised.
    advisory: AdvisoryCases | None = field(default=None, init=False)
    # The first exchanges by which something was reported broken.
    shown: list[Exchange] = field(default_factory=list, init=False)
    # What the last search found; the case that is reported next is about it.
    _pending: SearchResult | None = field(default=None, init=False)

    @property
    def id(self) -> str:
        """What exchanges of this check are stamped with: its slug, with its model."""
        return self.check.slug if self.on_model is None else f"{self.check.slug}[{self.on_model.id}]"

    @property
    def client(self) -> RestClient:
        """The recording REST client, within the run's budget."""
        return self.endpoint.client

    @property
    def grpc(self) -> GrpcClient:
        """The recording gRPC client, within the run's budget; the check is untestable without a gRPC address."""
        if self.endpoint.grpc is None:
            self.untestable(NO_ADDRESS["grpc"])
        return self.endpoint.grpc

    @property
    def model(self) -> ModelUnderTest:
        """The model of this item (checks ``per="model"`` only)."""
        if self.on_model is None:
            raise LookupError(f"check {self.check.slug} runs once per server: it has no model")
        return self.on_model

    def holds(
        self,
        condition: bool,
        *,
        expected: str,
        observed: object,
        clause: str | None = None,
        exchange: Exchange | None = None,
        root: str | None = None,
        by_policy: bool = False,
        mild: bool = False,
    ) -> bool:
        """Record one case of one clause and give the condition back.

        The first case after a search that found a counterexample is about that counterexample: its sizes, its replays
        and, if no other is given, its exchange belong to it. If the case holds this time, what the search has seen is
        reported nevertheless (see :attr:`SearchResult.certain`).

        Args:
            condition: whether the clause held in this case.
            expected: what the clause asks for, in words.
            observed: what was seen; shortened for the report.
            clause: which of the check's clauses, or ``policy:NAME``; may be left out if it has only one.
            exchange: the recorded evidence. A failure without any is taken for a defect of the check.
            root: root cause shared with other checks; by default the check itself.
            by_policy: whether the operator's policy makes a failure of it, whatever the clause's level.
            mild: whether the catalogue says that breaking this half of the clause is a warning, whatever its level.
        """
        name = self._declared(clause)
        self._refuse_unreached(exchange)
        if self.advisory is not None:
            return self._advise(condition, name, expected, observed, exchange)
        found, self._pending = self._pending, None
        if not condition and self._says_nothing(name, exchange, found):
            return False
        self.outcome.cases[name] = self.outcome.cases.get(name, 0) + 1
        text = observed if isinstance(observed, str) else shown(observed)
        if condition and found is not None:
            text = f"held when asked once more ({clip(text, 1500)}), but was broken in the search, and {found.again}"
            exchange, condition = found.exchange, not found.certain
            if condition:
                self.observe(text, name)
        if not condition:
            self._report(
                Violation(name, expected, clip(text, 2000), root or self.check.slug, by_policy=by_policy, mild=mild),
                exchange,
                found or SearchResult(),
            )
        return condition

    def _refuse_unreached(self, exchange: Exchange | None) -> None:
        """End the check where nobody was reached: that is neither for nor against anything."""
        if exchange is not None and exchange.error is not None and exchange.error.kind == "connect":
            raise Untestable(f"no connection could be opened: {exchange.error.message}")

    def _advise(self, condition: bool, clause: str, expected: str, observed: object, exchange: Exchange | None) -> bool:
        """Take a case that is about what the endpoint never promised."""
        assert self.advisory is not None
        self.advisory.note(condition, clause, expected, observed, exchange)
        if not condition:
            self.observe(f"advisory: {expected} would be right; seen: {observed}", clause)
        return condition

    def _says_nothing(self, clause: str, exchange: Exchange | None, found: SearchResult | None) -> bool:
        """Whether a case that did not hold is no statement about the endpoint, since a guard answered in its place.

        Raises:
            Untestable: a limit of the tester cut the answer.
            NotApplicable: what is closed is a part that nobody has to offer.
        """
        if clause in self.check.clauses and exchange is not None and exchange.cut:
            raise Untestable(_no_answer(exchange))
        self.endpoint.ahead.question(exchange)
        evidence = exchange or (found.exchange if found is not None else None)
        return evidence is not None and self._guarded(clause, evidence)

    def _report(self, violation: Violation, exchange: Exchange | None, known: SearchResult) -> None:
        """Put a violation on record, with what the last search knows of it and the exchange that shows it."""
        own = exchange or known.exchange
        evidence = own or self.repeated
        violation = replace(
            violation,
            root=_missing_method(evidence) or violation.root[:ROOT],
            exchange=(evidence.ref or None) if evidence is not None else None,
            shrunk_from=known.shrunk_from,
            shrunk_to=known.shrunk_to,
            replayed=known.replayed,
            one_of_many=own is None and evidence is not None,
        )
        self.endpoint.memory.of(ToldViolations).add(self.id, violation.clause, violation.root, violation.exchange)
        self._show(own)
        self.outcome.violations.append(violation)

    def _show(self, exchange: Exchange | None) -> None:
        """Hold an exchange until the check is over, if it is one of the first, and not large."""
        if exchange is None or len(self.shown) >= MOST_SHOWN or len(exchange.response_body) > LARGEST_SHOWN:
            return
        self.shown.append(exchange)

    def _declared(self, clause: str | None) -> str:
        """The clause that a case is about."""
        name = clause or self.check.asked[0]
        if clause is None and len(self.check.asked) > 1:
            raise LookupError(f"check {self.check.slug} covers several clauses or criteria: say which one")
        if name not in self.outcome.levels:
            raise LookupError(f"check {self.check.slug} does not declare clause {name}")
        return name

    def anew(self) -> None:
        """Forget what was seen: the check is carried out once more."""
        self.outcome.anew()
        self.endpoint.memory.of(ToldViolations).forget(self.id)
        self._pending = self.repeated = self.advisory = None
        self.shown.clear()
        for route in self.on_model.routes.values() if self.on_model is not None else ():
            route.forget_mistakes()
            if self.endpoint.ahead.came_aside(route.metadata_exchange):
                route.metadata_exchange = route.read_metadata()

    def _guarded(self, clause: str, exchange: Exchange) -> bool:
        """Whether a guard answered instead of what the clause speaks of: then nothing was seen of it, good or bad.

        Raises:
            NotApplicable: what is closed is a part that nobody has to offer.
        """
        if clause not in self.check.clauses:
            return False  # criteria and advice are about guards, among other things
        optional = clause in self.outcome.optional or is_optional(exchange)
        if not guarded(exchange, optional=optional):
            return False
        self.observe(f"closed to those who may only infer: {why(exchange)}", clause)
        if optional:
            self.not_applicable(f"the endpoint keeps this part closed: {why(exchange)}")
        if self.outcome.ended is None:
            self.outcome.ended = Verdict.UNTESTABLE
            self.outcome.reason = f"the endpoint refuses this for lack of rights: {why(exchange)}"
        return True

    def observe(self, text: str, clause: str | None = None) -> None:
        """Note a fact that no clause decides, such as which permitted reading the endpoint follows."""
        if len(self.outcome.observations) < MOST_NOTED:
            self.outcome.observations.append((clause, clip(text, 2000)))
        elif len(self.outcome.observations) == MOST_NOTED:
            self.outcome.observations.append((clause, f"more than {MOST_NOTED} facts: the further ones are left out"))

    def fact(
        self,
        subject: FactSubject,
        name: str,
        text: str,
        exchange: Exchange | None = None,
    ) -> None:
        """Note what matters whatever this check says (see :class:`harness.outcome.ObservedFact`)."""
        self.outcome.facts.append(
            ObservedFact(subject, name, clip(text, 200), (exchange.ref or None) if exchange else None)
        )

    def untestable(self, reason: str) -> NoReturn:
        """End the check: something it needs was not there."""
        raise Untestable(reason)

    def not_applicable(self, reason: str) -> NoReturn:
        """End the check: the clause speaks of something this endpoint does not have."""
        raise NotApplicable(reason)

    def inconclusive(self, reason: str) -> NoReturn:
        """End the check: what was seen decides nothing."""
        raise Inconclusive(reason)

    def event(self, name: str, count: int = 1) -> None:
        """Count an input of a class, such as ``FP32 denormal``: the report shows what was tried, and how often."""
        self.outcome.exercised[name] = self.outcome.exercised.get(name, 0) + count

    def search(
        self,
        strategy: SearchStrategy[T],
        holds: Callable[[T], bool],
        *,
        examples: int | None = None,
        sends: Callable[[T], object] | None = None,
    ) -> CampaignResult[T] | None:
        """Draw from a strategy: the smallest counterexample, replayed on connections of its own, or None.

        Args:
            strategy: what to draw.
            holds: sends the value and says whether the property held.
            examples: number of draws instead of the profile's.
            sends: sends what ``holds`` sends for a value, where no draw depends on what came of another.
        """
        draws = self.endpoint.examples if examples is None else examples
        found = search_for(self.endpoint, strategy, holds, draws, sends)
        self._pending = found[1] if found is not None else None
        return found[0] if found is not None else None

    def answered(self, exchange: Exchange) -> Exchange:
        """The exchange, if there was a complete answer; else the check is untestable.

        That there is no answer is held against the endpoint where it is the point of a check, not everywhere. An
        optional part that is closed to us ends a check of the protocol as not applicable.
        """
        if not exchange.answered or exchange.error is not None:
            self.untestable(_no_answer(exchange))
        if self.check.clauses and is_known_part(exchange) and guarded(exchange):
            self.observe(f"closed to those who may only infer: {why(exchange)}")
            self.not_applicable(f"the endpoint keeps this part closed: {why(exchange)}")
        return exchange

    def document(self, exchange: Exchange) -> strictjson.Document:
        """The JSON body of an answer; the check is untestable where there is none."""
        try:
            return json_of(self.answered(exchange))
        except strictjson.NotJson as error:
            self.untestable(f"the body is not JSON: {error}")

    def json_object(self, exchange: Exchange) -> dict[str, Any]:
        """The JSON object in the body of an answer; the check is untestable where there is none."""
        value = self.document(exchange).value
        if not isinstance(value, dict):
            self.untestable(f"the body is a JSON {json_type(value)}, not an object")
        return value

    def message(self, method: str, exchange: Exchange) -> Any:  # noqa: ANN401 -- a generated class
        """The message in an answer to a gRPC call; the check is untestable unless it is OK and holds one."""
        from harness.wire.protobuf import NotAMessage, parsed  # noqa: PLC0415 -- needs the extra grpc

        rpc = self.answered(exchange).rpc
        if rpc is None or rpc.code != 0:
            self.untestable(f"{method} ended in {rpc.name if rpc else 'no status'}")
        try:
            return parsed(method, exchange.response_body)
        except NotAMessage as error:
            self.untestable(str(error))

    def accepted(self) -> Accepted:
        """A request in JSON that this model answers with 200, and that answer; untestable for one that is too large."""
        found = self.model.rest.accepted()
        found.request.refuse_large("JSON")
        return found

    @property
    def declared_varying(self) -> bool:
        """Whether the policy declares that the model need not answer alike."""
        table = self.endpoint.policy.models.get(self.model.name)
        return table is not None and table.nondeterministic

    def steady(self) -> None:
        """End the check unless the model answers the same request alike: else comparing answers decides nothing.

        Not applicable if the policy declares the model nondeterministic, untestable if nobody said so.
        """
        if self.model.known_route.steady():
            return
        if self.declared_varying:
            self.not_applicable("the model is declared nondeterministic")
        self.untestable("the model answers the same request differently: comparing answers decides nothing")

    def differ(self, exchange: Exchange, other: Exchange) -> str | None:
        """Where the outputs of two answers differ (floats beyond the tolerance), in words; None if they agree.

        Ends the check on a model that is not steady.
        """
        self.steady()
        return difference(outputs_of(exchange), outputs_of(other), exact=False)

    def infer(self, *, request_id: str | None = None, request: InferRequest | None = None) -> Exchange:
        """Send the model's accepted request (or ``request``) with an id."""
        base = request or self.accepted().request
        return self.model.rest.infer(with_id(base, request_id))


def _no_answer(exchange: Exchange) -> str:
    """Why there is no complete answer, and where it is a limit of ours, what raises it."""
    said = exchange.error.message if exchange.error else "unknown"
    return f"no complete answer: {said}{f': {MORE_BODY}' if exchange.cut else ''}"


def _missing_method(exchange: Exchange | None) -> str | None:
    """The root cause where a method is not there: whatever it was to answer, that is what is wrong."""
    if exchange is None or exchange.rpc is None or exchange.rpc.name != "UNIMPLEMENTED":
        return None
    return f"grpc-unimplemented:{exchange.url.rpartition('/')[2]}"


@contextlib.contextmanager
def checking(recorder: Recorder, check_id: str | None) -> Iterator[None]:
    """Stamp every exchange recorded inside with the id of the running check."""
    before, recorder.current_check = recorder.current_check, check_id
    try:
        yield
    finally:
        recorder.current_check = before
