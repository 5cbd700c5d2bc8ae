"""A synthetic bundle: journal, plan and exchange records as a run writes them, without any endpoint."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harness.bundle.exchange import SCHEMA, ExchangeRecord
from harness.bundle.journal import Journal
from harness.bundle.pack import PackWriter
from reports.evidence import Plan, PlannedCheck, encode
from tests.reports.sample import CLAUSES, RUN_ID, catalogue, model, opened

START = datetime.datetime(2026, 11, 21, 9, 2, 11, 123456, tzinfo=datetime.UTC)
HOSTILE = '</pre><script>alert(1)</script><img src=x onerror="x"> user\u202enimda \u200bzero\ufeff \x1b[31mred'

# An exchange that reached the endpoint, whose record a bundle need not have for its document to be made.
ELSEWHERE = "e" * 64

# Journals of this test; the fixture ``closed`` closes them, also those that a test leaves as a killed run would.
OPEN: list[Journal] = []


@dataclass
class Bundle:
    """A folder being filled like a run fills it."""

    folder: Path
    plan: Plan
    journal: Journal
    exchanges: list[str] = field(default_factory=list)
    packed: bool = True
    _tick: int = 0
    _pack: PackWriter | None = None

    def store(self, content: bytes, suffix: str) -> str:
        """A file named by its content, as runs left them before there was a pack; its digest."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.folder / "exchanges" / digest[:2] / f"{digest}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return digest

    def body(self, content: bytes) -> dict[str, Any] | None:
        """A stored body as the record names it."""
        if not content:
            return None
        digest = hashlib.sha256(content).hexdigest()
        if self.packed:
            return {"sha256": digest, "bytes": len(content)}
        self.store(content, "body")
        return {"sha256": digest, "bytes": len(content), "file": f"exchanges/{digest[:2]}/{digest}.body"}

    def exchange(
        self,
        sent: bytes = b"",
        received: bytes = b"{}",
        *,
        method: str = "POST",
        path: str = "v2/models/iris/infer",
        status: int | None = 200,
        headers: list[list[str]] | None = None,
        kind: str = "timeout",
    ) -> str:
        """Store one exchange and journal it; ``status`` None is a failure of a kind."""
        answered = status is not None
        record = {
            "method": method,
            "url": f"http://127.0.0.1:8080/{path}",
            "http_version": "HTTP/1.1",
            "request": {
                "headers": [
                    ["Host", "127.0.0.1:8080"],
                    ["Content-Type", "application/json"],
                    ["Authorization", "[redacted]"],
                ],
                "body": self.body(sent),
            },
            "response": {
                "status": status,
                "reason": "OK" if status == 200 else "Error",
                "http_version": "HTTP/1.1",
                "headers": headers or [["content-type", "application/json"], ["server", "iris-server"]],
                "body": self.body(received),
                "truncated": False,
            }
            if answered
            else None,
            "error": None if answered else {"kind": kind, "message": "no complete response within 10 s"},
        }
        return self._keep(record, (sent, received if answered else b""))

    def call(
        self,
        sent: bytes = b"",
        received: bytes | None = b"",
        *,
        rpc: tuple[int, str, str] | None = (0, "OK", ""),
        texts: tuple[str | None, str | None] = (None, None),
        metadata: list[list[str]] | None = None,
        trailers: list[list[str]] | None = None,
        base: str = "http://127.0.0.1:8001",
    ) -> str:
        """Store one gRPC call; bodies are messages without their frame, and ``received`` None is a timeout."""
        answered = received is not None
        record = {
            "method": "POST",
            "url": f"{base}/inference.GRPCInferenceService/ModelInfer",
            "http_version": "HTTP/2",
            "request": {
                "headers": [
                    ["content-type", "application/grpc"],
                    ["te", "trailers"],
                    ["authorization", "[redacted]"],
                    *(metadata or []),
                ],
                "body": self.body(sent),
                "text": texts[0],
            },
            "response": {
                "status": None,
                "reason": "",
                "http_version": "HTTP/2",
                "headers": [["content-type", "application/grpc"]],
                "trailers": trailers or [],
                "body": self.body(received or b""),
                "text": texts[1],
                "truncated": False,
            }
            if answered
            else None,
            "rpc": dict(zip(("code", "name", "details"), rpc, strict=True)) if rpc and answered else None,
            "error": None if answered else {"kind": "timeout", "message": "no status within 10 s"},
        }
        return self._keep(record, (sent, received or b""), frame=5)

    def pack(self, record: ExchangeRecord, bodies: tuple[bytes, bytes]) -> str:
        """Into the pack, and nowhere else; the digest of the record."""
        self._pack = self._pack or PackWriter(self.folder)
        return self._pack.write(record, *bodies)

    def _keep(self, record: dict[str, Any], bodies: tuple[bytes, bytes], frame: int = 0) -> str:
        number, answer = len(self.exchanges), record["response"]
        record |= {
            "schema": SCHEMA if self.packed else "art15-exchange/1",
            "n": number,
            "timing": {"started": "2026-11-21T09:02:12.000000Z", "start_ns": 1, "headers_ns": 2, "end_ns": 3},
            "connection": None,
            "redactions": [{"where": "request.header.authorization", "rule": "header"}],
        }
        if self.packed:
            digest = self.pack(msgspec.convert(record, ExchangeRecord), bodies)
        else:
            data = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
            digest = self.store(data, "json")
        self.exchanges.append(digest)
        self.journal.append(
            "exchange",
            {
                "n": number,
                "sha256": digest,
                "method": record["method"],
                "url": record["url"],
                "status": answer["status"] if answer else None,
                "rpc": (record.get("rpc") or {}).get("name"),
                "error_kind": record["error"] and record["error"]["kind"],
                "sent": len(bodies[0]) + frame,
                "received": len(bodies[1]),
                "started": f"2026-11-21T09:02:{12 + number % 40:02d}.000000Z",
                "elapsed_s": 0.01,
                "redactions": 1,
                "check": None,
            },
        )
        return digest


def plan(checks: list[PlannedCheck] | None = None, **changes: Any) -> Plan:
    """A plan as ``harness.run`` seals it."""
    members: dict[str, Any] = {
        "schema_version": "1.0",
        "run_id": RUN_ID,
        "sealed_at": "2026-11-21T09:02:10Z",
        "endpoint": "http://127.0.0.1:8080",
        "profile": "standard",
        "seed": 15,
        "suites": ["conformance"],
        "models": ["iris"],
        "selection": "",
        "allow": [],
        "budget": {"max_rate": None, "max_requests": None, "time": 60.0},
        "decision_rule": "a clause is contradicted by one recorded exchange that breaks it; "
        "no counterexample is no bound.",
        "criteria": [
            "no-crash: the endpoint still serves after every request",
            "no-silent-change: no silently changed value",
        ],
        "policy": {
            "criteria": {"server_error_for_client_mistake": "warn"},
            "waivers": [],
            "not_applicable": [{"duty": "A15-4-j", "reason": "does not learn after release", "declared_by": "J. Doe"}],
        },
        "policy_sha256": None,
        "catalogue_digest": "c" * 64,
        "checks": checks or [],
    }
    return Plan(**(members | changes))


def start(
    folder: Path,
    sealed: Plan | None = None,
    clauses: Sequence[tuple[str, ...]] | None = None,
    *,
    first_reading: bool = True,
    transports: Sequence[str] = ("rest",),
    listed: dict[str, Any] | None = None,
    opening: dict[str, Any] | None = None,
    packed: bool = True,
) -> Bundle:
    """Plan, journal with ``open``, ``catalogue``, ``target``, ``model`` and the first identity reading."""
    folder.mkdir(parents=True, exist_ok=True)
    sealed = sealed or plan()
    data = encode(sealed)
    (folder / "plan.json").write_bytes(data)
    ticks = iter(range(10_000_000))

    def clock() -> datetime.datetime:
        return START + datetime.timedelta(milliseconds=50 * next(ticks))

    journal = Journal(folder / "journal.jsonl", hashlib.sha256(data).hexdigest(), clock)
    bundle = Bundle(folder, sealed, journal, packed=packed)
    OPEN.append(journal)
    journal.append("open", opening or opened() | {"transports": list(transports)})
    journal.append("catalogue", listed or catalogue(clauses or CLAUSES))
    journal.append(
        "target", {"server_name": "iris-server", "server_version": "1.7.1", "extensions": ["binary_tensor_data"]}
    )
    journal.append("model", model())
    if first_reading:
        identity(bundle, "start")
    return bundle


def identity(bundle: Bundle, when: str, digest: str | None = "a" * 64) -> None:
    """Journal an identity reading."""
    reading = {
        "model": "iris",
        "when": when,
        "at": "2026-11-21T09:02:11.5Z",
        "metadata_sha256": digest,
        "reason": None,
    }
    bundle.journal.append("identity", reading)


def check(slug: str, verdict: str = "pass", **changes: Any) -> dict[str, Any]:
    """The data of a ``check`` line."""
    clauses = changes.pop("clauses", [("REST-HTTP-01", "must", verdict)])
    failed = [name for name, _, each in clauses if each == "fail"]
    if failed and "counterexamples" not in changes:  # no FAIL without its evidence
        changes["counterexamples"] = [counterexample(f"check:{slug}", failed)]
    served = changes.pop("model", "iris")
    return {
        "id": f"{slug}[{served}]" if served else slug,
        "slug": slug,
        "title": f"{slug.replace('-', ' ').capitalize()} holds.",
        "suite": "conformance",
        "group": "http",
        "clauses": [{"clause": name, "level": level, "verdict": each} for name, level, each in clauses],
        "duties": ["A15-4-d"],
        "level": "must",
        "transport": "rest",
        "model": served,
        "verdict": verdict,
        "reason": "",
        "method": "Sends a valid inference and compares what comes back.",
        "criterion": "every answer is as the clause says",
        "observed": "12 of 12 answers as expected",
        "kind": "direct",
        "cases": 12,
        "failures": sum(each in ("fail", "warn") for _, _, each in clauses),
        "estimate": None,
        "observations": [],
        "counterexamples": [],
        "exchanges": [],
        "exchanges_total": 0,
        "method_validation": "fails on the seeded fault drops-request-id, shown with 0.1.0",
        "faults_found": ["drops-request-id"],
        "waiver": None,
        "asked_by_name": False,
        "started": "2026-11-21T09:02:12.500000Z",
        "duration_s": 0.42,
        "hint": "Copy the id of the request into the response, as a string and whole.",
    } | changes


def counterexample(root: str, clauses: list[str], exchange: str | None = ELSEWHERE, **changes: Any) -> dict[str, Any]:
    """A counterexample as the journal has it; without an exchange, it names one that is not in the bundle."""
    return {
        "clauses": clauses,
        "expected": "status 400 to 499 and a JSON error",
        "observed": "status 200 and an answer for another request",
        "root": root,
        "exchange": exchange,
        "shrunk_from": 7278,
        "shrunk_to": 41,
        "replayed": {"k": 5, "n": 5},
    } | changes


def fill(bundle: Bundle) -> None:
    """Checks of every kind and verdict, with hostile strings in what came from the server."""
    infer = b'{"id":"a","inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[5.1,3.5,1.4,0.2]}]}'
    good = bundle.exchange(
        infer, b'{"model_name":"iris","id":"a","outputs":[{"name":"y","shape":[1],"datatype":"INT64","data":[0]}]}'
    )
    lost = bundle.exchange(infer, b'{"model_name":"iris","outputs":[]}')
    evil = bundle.exchange(b"{", json.dumps({"error": HOSTILE}).encode(), status=500, headers=[["x-evil", HOSTILE]])
    raw = bundle.exchange(b'{"a":1}', bytes(range(256)), status=500)
    hang = bundle.exchange(b'{"a":2}', status=None)
    decided = [*_of_the_server(good), _failed(lost), _warned(evil, raw, hang), _searched(good)]
    for line in (*decided, *_undecided(), _observed()):
        bundle.journal.append("check", line)


def _of_the_server(exchange: str) -> list[dict[str, Any]]:
    """Two that passed, of no model, with fewer exchanges kept than there were."""
    passed = {"rest-six-operations-exist": "REST-HTTP-01", "rest-server-metadata-names-server": "REST-META-01"}
    return [
        check(slug, clauses=[(clause, "must", "pass")], model=None, exchanges=[exchange], exchanges_total=40)
        for slug, clause in passed.items()
    ]


def _failed(lost: str) -> dict[str, Any]:
    """Two clauses broken in one exchange."""
    return check(
        "rest-infer-echoes-id",
        "fail",
        clauses=[("REST-RESP-04", "must", "fail"), ("REST-RESP-05", "must", "fail")],
        title="A non-empty request id comes back unchanged.",
        observed="no id in 12 of 12 answers",
        failures=12,
        counterexamples=[
            counterexample("id-lost", ["REST-RESP-04"], lost, expected="id is 'a'", observed="the answer has no id"),
            counterexample("outputs-lost", ["REST-RESP-05"], lost, expected="output y", observed="no output"),
        ],
    )


def _warned(evil: str, raw: str, hang: str) -> dict[str, Any]:
    """A SHOULD that was broken by hostile words, by bytes that are no text, and by no answer."""
    return check(
        "rest-infer-errors-are-json",
        "warn",
        clauses=[("REST-ERR-01", "must", "pass"), ("REST-ERR-02", "should", "warn")],
        level="should",
        title="A mistake of the client gets a client error.",
        observed=f"status 500: {HOSTILE}",
        failures=2,
        duties=["A15-4-c"],
        suite="adversarial",
        kind="search",
        cases=4096,
        counterexamples=[
            counterexample("server-error", ["REST-ERR-02"], evil, observed=HOSTILE),
            counterexample("server-error", ["REST-ERR-02"], raw, observed="status 500 and 256 raw bytes"),
            counterexample("no-answer", ["REST-ERR-02"], hang, observed="no complete response within 10 s"),
        ],
    )


def _searched(exchange: str) -> dict[str, Any]:
    """A search that found nothing, for a duty and no clause."""
    return check(
        "rest-repeat-gives-same-answer",
        kind="search",
        cases=4096,
        duties=["A15-1-d"],
        clauses=[],
        level=None,
        exchanges=[exchange],
        exchanges_total=1,
        suite="adversarial",
    )


def _undecided() -> list[dict[str, Any]]:
    """Two that say why they decide nothing."""
    return [
        check(
            "rest-binary-follows-json",
            "untestable",
            reason="needs a binary model",
            clauses=[("REST-BIN-01", "must", "untestable")],
            observed="",
            duties=[],
        ),
        check(
            "rest-unknown-model-404",
            "inconclusive",
            reason="two answers of three differ",
            clauses=[("REST-ERR-03", "should", "inconclusive")],
            duties=["A15-5-c"],
        ),
    ]


def _observed() -> dict[str, Any]:
    """A clause that leaves a choice, and which was seen."""
    return check(
        "rest-slash-form-works",
        clauses=[("REST-HTTP-02", "ambiguous", "pass")],
        duties=[],
        observations=[{"clause": "REST-HTTP-02", "text": "v2/ answers 307 to v2"}],
    )


def finished(folder: Path, *, packed: bool = True) -> Bundle:
    """A whole run with its ``close`` line; not yet a finished bundle."""
    planned = PlannedCheck(
        slug="rest-never-ran",
        suite="conformance",
        clauses=["REST-INT-01"],
        duties=[],
        criterion="x",
        kind="direct",
        per="server",
        needs=[],
    )
    bundle = start(folder, plan([planned]), packed=packed)
    fill(bundle)
    identity(bundle, "middle")
    identity(bundle, "end")
    bundle.journal.append("deviation", {"text": "The rate was lowered once, after status 429."})
    bundle.journal.append("close", {"exit_code": 1})
    bundle.journal.close()
    return bundle


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """A change of the member that all but the last word lead to."""
    *way, name, value = path

    def change(record: dict[str, Any]) -> None:
        for each in way:
            record = record[each]
        record[name] = value

    return change
