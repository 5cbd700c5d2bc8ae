"""The plan of one load run: what is sent where and when, and what must hold. JSON, so that any process can read it.

It is made before the first request and never changes. It may hold credentials in ``headers``: the file is written
for its owner only, and evidence keeps :meth:`LoadPlan.public`.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from harness.foreign import MEBIBYTE, read_given
from harness.load.plan.schedule import Cases, Integers, Schedule, arrivals, cases_of, to_nanoseconds
from harness.record import exchange
from harness.record.redact import Redactor

Transport = Literal["http", "grpc"]
PROTOCOLS: dict[exchange.Transport, Transport] = {"rest": "http", "grpc": "grpc"}
"""What a plan calls each transport."""
Headers = tuple[tuple[str, str], ...]

MAX_PLAN = 256 * MEBIBYTE
PREFIX_WIDTH = 8
ID_WIDTH = 16
"""Characters of a request id: the prefix of the run and the index in hexadecimal, so Content-Length never varies."""

REDACTED = "[redacted]"
_LEAST_SECRET = 8
_ENDING_S = 2.0


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ExpectedAnswer(_Part, frozen=True, kw_only=True):
    """A validated answer's body (gRPC: its message) around the id, for the cheap comparison in the loop."""

    before: bytes
    after: bytes


class LoadCase(_Part, frozen=True, kw_only=True):
    """One prepared request: only the id is filled in when it is sent.

    Attributes:
        name: what reports call it.
        path: request target with any prefix (``/v2/models/m/infer``); gRPC: ``/package.Service/Method``.
        before, after: the body around the id, without transport framing (gRPC: the message without its 5-byte
            prefix). Where ``has_id`` is false, ``before`` is the whole body.
        has_id: whether :data:`ID_WIDTH` characters of id stand between them.
        method: of HTTP.
        content_type: of HTTP; empty for a request without a body.
        headers: further headers of this case alone, such as ``Inference-Header-Content-Length``.
        weight: how often it is drawn, relative to the others.
        answer: the answer seen before the run and fully validated; None: the first one seen in the run is.
        others: the answers of other versions of the model, which are right as well.
        varies: right answers to this request differ from each other: each is judged by itself, not by another.
    """

    name: str
    path: str
    before: bytes
    after: bytes = b""
    has_id: bool = True
    method: str = "POST"
    content_type: str = "application/json"
    headers: Headers = ()
    weight: float = 1.0
    answer: ExpectedAnswer | None = None
    others: tuple[ExpectedAnswer, ...] = ()
    varies: bool = False

    def body(self, request_id: bytes) -> bytes:
        """The whole body of one request."""
        return self.before + request_id + self.after if self.has_id else self.before


class ServiceLevel(_Part, frozen=True, kw_only=True):
    """What must hold: ``percentile`` of all requests answered well within ``latency_s`` of their intended time.

    Attributes:
        percentile: as a fraction, 0.99 for p99.
        latency_s: seconds from the intended time to the last byte of the answer.
        confidence: of the early-stopping rule and of every decision.
        min_seconds, min_requests: LoadGen's minimum duration and count.
    """

    latency_s: float
    percentile: float = 0.99
    confidence: float = 0.99
    min_seconds: float = 0.0
    min_requests: int = 100

    def __post_init__(self) -> None:
        if not (0 < self.percentile < 1 and 0 < self.confidence < 1 and self.latency_s > 0):
            raise ValueError(f"p{self.percentile * 100:g} within {self.latency_s} s is no service level")


class Bounds(_Part, frozen=True, kw_only=True):
    """Beyond these the tester did not do what the plan says, and the run is INVALID.

    Attributes:
        lag_s, lag_share: p99 of the tester's own lag may be ``lag_s``, or this share of the service level's latency
            where that is more.
        offered_share: of the planned requests that must have been sent.
        cpu_share: of one core that a worker may use.
        silent_s: seconds without a word from a worker.
        hole_s: seconds in which nothing was sent though requests were planned.
    """

    lag_s: float = 0.001
    lag_share: float = 0.1
    offered_share: float = 0.999
    cpu_share: float = 0.9
    silent_s: float = 2.0
    hole_s: float = 1.0


class Connections(_Part, frozen=True, kw_only=True):
    """How connections are used.

    Attributes:
        cap: most open at a time over all workers; requests beyond it wait with their clock running.
        preconnect: opened before the first request, over all workers.
        new_each: a new connection for each request.
        streams: gRPC: most requests at a time on one connection.
    """

    cap: int = 256
    preconnect: int = 4
    new_each: bool = False
    streams: int = 100


class ClosedLoop(_Part, frozen=True, kw_only=True):
    """Closed loop instead of a schedule: ``concurrency`` requests outstanding for ``seconds``, intended = sent.

    Its latencies are service times; no service level is judged by them.
    """

    concurrency: int
    seconds: float


class LoadPlan(_Part, frozen=True, kw_only=True):
    """All that master, workers and judge must know.

    Attributes:
        transport, host, port, tls: where to connect; ``ca_file``, ``cert_file``, ``key_file`` are paths on the worker.
        authority: Host, SNI and ``:authority``; empty: host and port.
        headers: sent with every request (credentials too); names in lower case for gRPC.
        hidden: what else must not be written, such as an earlier token.
        cases: at least one.
        schedule: open loop; or ``closed_loop``.
        seed: of arrivals and choice of cases.
        prefix: eight characters that begin every id of this run, so that answers to another run are noticed.
        timeout_s: from the real sending to the last byte; a request that waits for a connection longer is given up.
        warm_up_s: requests intended before this second are sent and accounted for, but not judged.
        body_bytes: an answer with a longer body breaks the protocol, and is not read on.
        check_every: every so many-th answer is checked in full, as are the first and each that differs.
        keep: most exchanges of each kind kept by a worker.
        max_rate: no faster, whatever the schedule says (the plan is refused).
        private: the cases are sensitive: nothing of a request or an answer is written, and of neither a digest.
    """

    transport: Transport = "http"
    host: str
    port: int
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    authority: str = ""
    headers: Headers = ()
    hidden: tuple[str, ...] = ()
    cases: tuple[LoadCase, ...]
    schedule: Schedule | None = None
    closed_loop: ClosedLoop | None = None
    level: ServiceLevel
    bounds: Bounds = Bounds()
    connections: Connections = Connections()
    seed: int = 0
    prefix: str = "00000000"
    timeout_s: float = 5.0
    warm_up_s: float = 0.0
    body_bytes: int = 1 << 28
    check_every: int = 100
    keep: int = 20
    workers: int = 1
    max_rate: float | None = None
    private: bool = False

    def __post_init__(self) -> None:
        if not self.cases:
            raise ValueError("a plan needs a case to send")
        if (self.schedule is None) == (self.closed_loop is None):
            raise ValueError("a plan has a schedule or a closed loop, one of them")
        if len(self.prefix) != PREFIX_WIDTH or not (self.prefix.isascii() and self.prefix.isalnum()):
            raise ValueError(f"the prefix {self.prefix!r} is not {PREFIX_WIDTH} letters or digits")
        if self.workers < 1 or self.timeout_s <= 0 or self.check_every < 1 or self.seed < 0:
            raise ValueError("workers, timeout_s and check_every are above 0, the seed is not below")
        if not 0 < self.body_bytes < 1 << 31:
            raise ValueError("body_bytes is above 0 and below 2 GiB")
        peak = self.schedule.peak_rate if self.schedule else 0.0
        if self.max_rate is not None and peak > self.max_rate:
            raise ValueError(f"the schedule reaches {peak:g} requests/s, and {self.max_rate:g} are allowed")
        if self.schedule and self.schedule.trace_cases and self.workload()[1].max() >= len(self.cases):
            raise ValueError("the trace names a case that the plan has not")

    @property
    def seconds(self) -> float:
        """How long requests are sent."""
        if self.schedule is not None:
            return self.schedule.seconds
        return self.closed_loop.seconds if self.closed_loop else 0.0

    @property
    def longest_s(self) -> float:
        """Seconds from the start after which a run is over, whatever the endpoint does.

        A request may wait for a connection, for that to open and for its answer, each as long as the timeout.
        """
        return self.seconds + 3 * self.timeout_s + _ENDING_S

    @property
    def host_header(self) -> str:
        """The ``Host`` header and ``:authority``: as given, or host and port; the scheme's own port is left out."""
        if self.authority:
            return self.authority
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    def workload(self) -> tuple[Integers, Cases]:
        """The whole schedule: intended times in ns from the start, and the index of each request's case.

        Position is the request's index; worker k takes ``[k::workers]``. Empty in a closed loop.
        """
        if self.schedule is None:
            return np.zeros(0, np.int64), np.zeros(0, np.uint16)
        times = arrivals(self.schedule, self.seed)
        weights = [case.weight for case in self.cases]
        return to_nanoseconds(times), cases_of(self.schedule, weights, len(times), self.seed)

    def public(self) -> LoadPlan:
        """The plan as evidence may keep it: no value of a common header, no key file, no answer that tells either."""
        hidden = tuple((name, REDACTED) for name, _ in self.headers)
        key_file = REDACTED if self.key_file else ""
        cases = self.cases
        if self.secrets and any(case.answer for case in cases):
            redactor = Redactor(self.secrets)
            cases = tuple(_untold(case, redactor) for case in cases)
        if self.private:
            cases = tuple(LoadCase(name=case.name, path=case.path, before=b"", weight=case.weight) for case in cases)
        return msgspec.structs.replace(self, headers=hidden, hidden=(), key_file=key_file, cases=cases)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be written: hidden values, and those of the common headers, whole and without their scheme."""
        values = {part for _, value in self.headers if value != REDACTED for part in (value, value.partition(" ")[2])}
        values |= {*self.hidden}
        return tuple(sorted((each for each in values if len(each) >= _LEAST_SECRET), key=len, reverse=True))

    @property
    def secret_prefix(self) -> str:
        """The prefix where the cases are sensitive, so that an answer is kept as having it or not; else nothing."""
        return self.prefix if self.private else ""

    @property
    def digest(self) -> str:
        """SHA-256 of the public plan: master, workers and evidence name the same one."""
        # Read back first: 200 and 200.0 are the same plan, but not the same bytes.
        again = decode_plan(msgspec.json.encode(self.public()))
        return hashlib.sha256(msgspec.json.encode(again)).hexdigest()

    def write(self, path: Path) -> None:
        """Write it as JSON, readable by its owner only."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(self))


def _untold(case: LoadCase, redactor: Redactor) -> LoadCase:
    answers = [each for each in (case.answer, *case.others) if each is not None]
    told = any(redactor.holds(each.before + each.after) for each in answers)
    return msgspec.structs.replace(case, answer=None, others=()) if told else case


def read_plan(path: Path) -> LoadPlan:
    """Read a plan that :meth:`LoadPlan.write` wrote.

    Raises:
        msgspec.ValidationError: it is not a plan.
        OSError: it cannot be read, is no regular file, or larger than any plan.
    """
    return msgspec.json.decode(read_given(path, MAX_PLAN), type=LoadPlan)


def share_plan(descriptor: int, plan: LoadPlan) -> None:
    """Write it whole into a file that is known by its descriptor alone, in place of what is there."""
    data = memoryview(msgspec.json.encode(plan))
    os.ftruncate(descriptor, 0)
    place = 0
    while place < len(data):
        place += os.pwrite(descriptor, data[place:], place)


def shared_plan(descriptor: int) -> LoadPlan:
    """Read what :func:`share_plan` wrote, wherever the descriptor stands: several processes have it.

    Raises:
        msgspec.ValidationError: it is not a plan.
        OSError: it cannot be read.
    """
    return decode_plan(os.pread(descriptor, os.fstat(descriptor).st_size, 0))


def decode_plan(data: bytes) -> LoadPlan:
    """The same from bytes, as a master sends them."""
    return msgspec.json.decode(data, type=LoadPlan)
