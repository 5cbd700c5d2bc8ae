"""Independent requests side by side, where answers wait on the endpoint and not on the tester.

A check says which requests it is about to send one after the other; where that pays, they are sent ahead of their turn
over a few connections. The check then goes on as ever: a request that was asked ahead is given its answer, in the order
of the check. Answers in which anything is odd are not kept, so that the same request is asked again, alone.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Protocol

from harness.budget import Budget
from harness.record.exchange import Exchange
from harness.record.store import Recorder
from harness.wire.pace import SHEDDING, Pace, pause_of

CONNECTIONS = 4
# Requests that are asked ahead before it is looked at how that went, and bytes of answers that are held.
AT_A_TIME, HELD_BYTES = 16, 32 << 20
# Bytes of an answer, of which so many at a time would be more than may be held.
LARGE_ANSWER = HELD_BYTES // AT_A_TIME
# No more than so many of one list: what is further asked for goes out in its turn.
MOST = 256
# An answer that comes sooner is not waited for side by side, nor one that the tester needs a good part of to keep.
SLOW_SECONDS, TIMES = 0.05, 3.0
# What is asked side by side must be answered in time also by an endpoint that works on one after the other.
ROOM = 2.0
# More of the time that they take one after the other, and nothing is gained.
GAIN = 0.75
# Statuses of gRPC that may say nothing of the request: UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL,
# UNAVAILABLE, DATA_LOSS.
_OF_THE_SERVER = frozenset({2, 4, 8, 13, 14, 15})

Ask = Callable[[], object]
Fine = Callable[[Exchange], bool]


class Bank:
    """Answers of one client that wait for whoever asks for them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: defaultdict[Hashable, deque[Exchange]] = defaultdict(deque)
        self._lock = threading.Lock()
        self.taken = 0

    def take(self, asked: Hashable) -> Exchange | None:
        """The answer to such a request, once; None if there is none, or while requests are sent ahead."""
        if not self._kept or _ahead.get() is not None:
            return None
        with self._lock:
            if not self._kept.get(asked):
                return None
            self.taken += 1
            return self._kept[asked].popleft()

    def give(self, asked: Hashable, exchange: Exchange) -> bool:
        """Whether it was sent ahead; then it is not asked for again here, whatever the answer."""
        collected = _ahead.get()
        if collected is None:
            return False
        collected.append((self, asked, exchange))
        return True

    def keep(self, asked: Hashable, exchange: Exchange) -> None:
        """Hold an answer until it is asked for."""
        with self._lock:
            self._kept[asked].append(exchange)

    def clear(self) -> None:
        """Forget what nobody has asked for."""
        with self._lock:
            self._kept.clear()


_Collected = list[tuple[Bank, Hashable, Exchange]]
_ahead: contextvars.ContextVar[_Collected | None] = contextvars.ContextVar("ahead", default=None)


class _Client(Protocol):
    """A client of a run."""

    recorder: Recorder
    budget: Budget
    pace: Pace
    bank: Bank


@dataclass(slots=True)
class Ahead:
    """Asks ahead, for all clients of a run.

    Attributes:
        sees: whether the passive look would note anything of an exchange.
        note: called with what belongs into the record.
        alone: why nothing is sent side by side; empty where it may be.
        again: whether the running check found fault while it judged such answers: it is to be carried out alone.
    """

    clients: Sequence[_Client]
    sees: Callable[[Exchange], bool] = lambda _: False
    note: Callable[[str], None] = lambda _: None
    alone: str = field(default="", init=False)
    again: bool = field(default=False, init=False)
    _refs: set[str] = field(default_factory=set, init=False)
    _cleared: int = field(default=0, init=False)
    _told: bool = field(default=False, init=False)
    _in_vain: int = field(default=0, init=False)

    def ask(self, asks: Iterable[Ask], fine: Fine = lambda _: True) -> None:
        """Send what does not depend on each other, if that pays; their answers are given to who sends the same.

        Args:
            asks: each sends one request, or a few, by the clients of the run, and does nothing else.
            fine: whether the answer is as it should be; only then is it kept.
        """
        held, left = 0, islice(asks, MOST)
        while (connections := self.connections) > 1 and held < HELD_BYTES:
            most = min(AT_A_TIME, *(client.budget.requests_left for client in self.clients))
            chunk = list(islice(left, int(most)))
            if len(chunk) < 2:
                return
            kept = self._side_by_side(chunk, connections, fine)
            held += sum(len(each.response_body) for each in kept)
            if 2 * len(kept) < len(chunk):
                return

    @property
    def connections(self) -> int:
        """How many requests may be under way at once."""
        if self.alone or not self.clients or any(client.pace.interval for client in self.clients):
            return 1
        recorder, budget = self.clients[0].recorder, self.clients[0].budget
        seconds = recorder.tempo.answer_s
        if seconds < max(SLOW_SECONDS, TIMES * recorder.tempo.own_s) or self._large_answers():
            return 1
        rate = budget.limits.rate
        allowed = CONNECTIONS if rate is None else int(rate * seconds)
        return max(1, min(CONNECTIONS, allowed, int(budget.request_seconds / (ROOM * seconds))))

    def _large_answers(self) -> bool:
        """Whether an answer came of which many would take much memory."""
        return self.clients[0].recorder.tempo.largest > LARGE_ANSWER

    def question(self, exchange: Exchange | None) -> None:
        """A case has failed: if it may be for answers that came side by side, the check is carried out again, alone."""
        if self.doubt() or (exchange is not None and exchange.ref in self._refs):
            self.again = True

    def doubt(self) -> bool:
        """Whether an answer that came side by side was given out since this was asked last."""
        before, self._cleared = self._cleared, sum(client.bank.taken for client in self.clients)
        return self._cleared > before

    def came_aside(self, exchange: Exchange) -> bool:
        """Whether it was sent beside others."""
        return exchange.ref in self._refs

    def over(self) -> None:
        """The check is over: what it has not asked for is forgotten."""
        for client in self.clients:
            client.bank.clear()
        self.doubt()
        self.again = False

    @contextlib.contextmanager
    def off(self) -> Iterator[None]:
        """Inside, everything is sent alone."""
        self.over()
        before, self.alone = self.alone, self.alone or "a case is asked again"
        try:
            yield
        finally:
            self.alone = before

    def _side_by_side(self, chunk: Sequence[Ask], connections: int, fine: Fine) -> list[Exchange]:
        """Send them, and keep what may be given out; gives that."""
        recorder = self.clients[0].recorder
        alone_s, begin, stop = recorder.tempo.answer_s, monotonic(), threading.Event()
        if not self._told:
            self._told = True
            self.note(f"answers wait on the endpoint ({alone_s:.2g} s each): requests that do not depend on each other "
                      f"are sent over up to {connections} connections")  # fmt: skip
        contexts = [contextvars.copy_context() for _ in chunk]
        with recorder.held_back() as there:
            try:
                with ThreadPoolExecutor(connections, thread_name_prefix="art15-ahead") as pool:
                    answers = list(pool.map(lambda context, ask: context.run(_one, ask, stop), contexts, chunk))
            except BaseException:
                stop.set()
                raise
        kept = []
        took_s = monotonic() - begin
        for collected in answers:
            self._refs.update(each.ref for _, _, each in collected)
            if collected and all(there[each.ref].run(self._sound, each) and fine(each) for _, _, each in collected):
                for bank, asked, exchange in collected:
                    bank.keep(asked, exchange)
                    there[exchange.ref].run(recorder.show, exchange)
                    kept.append(exchange)
        self._learn(stop.is_set(), took_s > GAIN * alone_s * len(chunk))
        return kept

    def _sound(self, exchange: Exchange) -> bool:
        """Whether nothing about it could be because others were under way."""
        rpc = exchange.rpc
        code = rpc is not None and rpc.code in _OF_THE_SERVER
        if exchange.error is not None or code or (exchange.status or 500) >= 500:
            return False
        return not self.sees(exchange)

    def _learn(self, lost: bool, slow: bool) -> None:
        """No more of it where company is not taken well, or twice in a row nothing is gained by it."""
        self._in_vain = self._in_vain + 1 if slow else 0
        if lost:
            self.alone = "one of the requests sent side by side was left without an answer, or put off"
        elif self._in_vain == 2:
            self.alone = "the endpoint works on one request after the other"
        if self.alone:
            self.note(f"{self.alone}: from here on each request is sent alone")


def _one(ask: Ask, stop: threading.Event) -> _Collected:
    """Send one of them, unless something was lost; whatever goes wrong is met again when it is asked alone."""
    collected: _Collected = []
    if stop.is_set():
        return collected
    _ahead.set(collected)
    try:
        ask()
    except Exception:  # noqa: BLE001 -- a budget that is used up, a defect of ours: it comes again in its turn
        return []
    finally:
        if any(_put_off(each) for _, _, each in collected):
            stop.set()
    return collected


def _put_off(exchange: Exchange) -> bool:
    return not exchange.answered or exchange.status in SHEDDING or pause_of(exchange) is not None
