"""The passive look: every recorded answer is looked at once by shape, and what is seen is kept for who reports it."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.judging.passive.fair import is_grpc, oddity, owes_error_object, route_of
from harness.judging.passive.looks import Look, is_error, look_at
from harness.judging.passive.texts import PASSED_OVER, piece
from harness.record.exchange import Exchange
from harness.record.intent import Intent, intended
from harness.record.redact import Redactor
from harness.wire.strictjson import TooMuch

Transport = Literal["rest", "grpc"]
# Shapes of answers that are remembered; forgetting them costs another look, never a wrong count.
SHAPES = 50_000
# Root causes, exchanges of one and checks that met one: what a report can show, and a hostile endpoint cannot grow.
ROOTS, EXAMPLES, CHECKS, KINDS, SECRETS_KEPT = 200, 3, 20, 100, 50

# Characters of headers that tell shapes apart.
HEADERS = 4096

_DIGITS = re.compile(rb"\d+")
_NUMBERS = re.compile(r"[0-9a-fA-F]{8,}|\d+")


@dataclass(slots=True)
class Sighting:
    """One root cause of one clause, as it was met.

    Attributes:
        says: the first case in words.
        count: answers that showed it.
        examples: the first exchanges, without their bodies: those are on record.
        checks: ids of the checks that met it, in that order (None: discovery).
        kinds: the kinds of request that met it, such as ``GET on infer``, and how often.
    """

    transport: Transport
    clause: str
    root: str
    says: str
    count: int = 0
    examples: list[Exchange] = field(default_factory=list)
    checks: dict[str | None, None] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)


class Sightings:
    """Looks at what the recorder shows. Safe to use from several threads.

    Args:
        redactor: learns secrets that an answer gives away.
        known: hosts that the tester used itself.
        open_checks: slugs of checks that ask only what the protocol leaves open.
    """

    def __init__(self, redactor: Redactor, known: Iterable[str] = (), open_checks: Iterable[str] = ()) -> None:
        self._redactor = redactor
        self._known = tuple(known)
        self._open = frozenset(open_checks)
        self._lock = threading.Lock()
        self._shapes: dict[int, tuple[Sighting, ...]] = {}
        self._found: dict[tuple[Transport, str, str], Sighting] = {}
        self._secrets: set[str] = set()
        # Answers and error answers that were seen, by transport.
        self.answers: Counter[Transport] = Counter()
        self.errors: Counter[Transport] = Counter()
        # What went wrong while looking: a defect of the tester, never of the endpoint.
        self.defects: list[str] = []

    def look(self, exchange: Exchange, check: str | None) -> None:
        """Look at one exchange; never raises."""
        if not exchange.answered:
            return
        try:
            self._look(exchange, check)
        except TooMuch:
            return  # larger than anything is read: a check that asks for it says so
        except Exception as error:  # noqa: BLE001 -- a slip in here must not stop the recording
            with self._lock:
                if len(self.defects) < EXAMPLES:
                    self.defects.append(f"looking at exchange {exchange.n}: {type(error).__name__}: {error}")

    def sees(self, exchange: Exchange) -> bool:
        """Whether there is anything to note in an exchange, which is noted nowhere; what cannot be read has something.

        To be called where it was recorded: what is noted depends on what the request was meant to be.
        """
        try:
            return bool(look_at(exchange, intended(), self._known)[0])
        except Exception:  # noqa: BLE001 -- it is asked again, and looked at then
            return True

    def of(self, transport: Transport, *clauses: str) -> list[Sighting]:
        """What was seen so far of some clauses, in the order of first sight."""
        with self._lock:
            return [each for each in self._found.values() if each.transport == transport and each.clause in clauses]

    def _look(self, exchange: Exchange, check: str | None) -> None:
        transport: Transport = "grpc" if is_grpc(exchange) else "rest"
        asked_open = check is not None and check.partition("[")[0] in self._open
        intent: Intent = "open" if asked_open and intended() != "invalid" else intended()
        failed = is_error(exchange)
        shape = _shape(exchange, intent, failed=failed)
        with self._lock:
            self.answers[transport] += 1
            self.errors[transport] += failed
            known = self._shapes.get(shape)
            if known is not None:
                for each in known:
                    self._count(each, exchange, check, example=False)
                return
        looks, echoed = look_at(exchange, intent, self._known)
        with self._lock:
            seen = tuple(each for each in (self._sighting(transport, look) for look in looks) if each is not None)
            for each in seen:
                self._count(each, exchange, check, example=True)
            if not echoed:
                # What the request had said itself is no disclosure this time; another request may not have said it.
                if len(self._shapes) >= SHAPES:
                    self._shapes.clear()
                self._shapes[shape] = seen
            self._keep_out(looks)

    def _sighting(self, transport: Transport, look: Look) -> Sighting | None:
        key = (transport, look.clause, look.root)
        if key not in self._found:
            if len(self._found) >= ROOTS:
                return None
            self._found[key] = Sighting(transport, look.clause, look.root, look.says)
        return self._found[key]

    @staticmethod
    def _count(seen: Sighting, exchange: Exchange, check: str | None, *, example: bool) -> None:
        seen.count += 1
        if len(seen.kinds) < KINDS:
            seen.kinds[_kind(exchange)] += 1
        if len(seen.checks) < CHECKS:
            seen.checks[check] = None
        if example and len(seen.examples) < EXAMPLES:
            seen.examples.append(
                replace(exchange, request_body=b"", response_body=b"", request_text="", response_text="")
            )

    def _keep_out(self, looks: Iterable[Look]) -> None:
        new = {value for look in looks for value in look.values} - self._secrets
        if new and len(self._secrets) < SECRETS_KEPT:
            self._secrets |= new
            self._redactor.add(sorted(new))


def _kind(exchange: Exchange) -> str:
    """What was asked, without names."""
    if is_grpc(exchange):
        return exchange.url.rpartition("/")[2]
    return f"{exchange.method} on {route_of(exchange.url)}"


def _shape(exchange: Exchange, intent: Intent, *, failed: bool) -> int:
    """What answers that would be judged alike have in common: all but their digits, and of an answer its values."""
    pairs = (*exchange.response_headers, *exchange.response_trailers)
    told = "\n".join(f"{name}: {value}" for name, value in pairs if name.lower() not in PASSED_OVER)
    headers = _NUMBERS.sub("0", told[:HEADERS]) if told else ""
    route = route_of(exchange.url)
    if is_grpc(exchange):
        rpc = exchange.rpc
        words = rpc.details.encode("utf-8", "replace") if rpc is not None and failed else b""
        page = piece(exchange.response_body) if rpc is None or exchange.status != 200 else b""
        method = exchange.url if failed else ""
        return hash((method, rpc.code if rpc else None, intent, _DIGITS.sub(b"0", piece(words)), page, headers))
    own = failed or route not in ("infer", "generate")
    body = _DIGITS.sub(b"0", piece(exchange.response_body)) if own else b""
    owed = failed and owes_error_object(exchange)
    whole = exchange.error is None
    odd = oddity(exchange) if exchange.status == 500 else ""
    return hash((odd, exchange.status, exchange.media_type, route, exchange.method, intent, owed, whole, body, headers))
