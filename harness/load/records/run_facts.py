"""What a worker leaves beside its rows: the file of its facts, written by locust's processes and read by analysis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.load.records.worker_facts import WorkerFacts
from harness.record.framing import NOT_KEPT
from harness.record.redact import Redactor


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is not right, kept for people.

    Attributes:
        status: its status class (:class:`harness.load.records.rows.Status`) in lower case.
        sentence: what is wrong with it.
        index, case, id: of the request.
        body: as Latin-1, so that it stands for bytes; cut where ``bytes`` is more than its length.
    """

    status: str
    sentence: str
    index: int = 0
    case: str = ""
    id: str = ""
    body: str = ""
    bytes: int = 0


class RunClock(msgspec.Struct, frozen=True, kw_only=True):
    """Clocks of a worker in ns.

    Attributes:
        start_monotonic_ns: second 0 of the run on the worker's monotonic clock; 0: it never started.
        start_wall_ns: the same on the wall clock, for people.
        offset_to_master_ns: how far the worker's monotonic clock is ahead of the master's.
    """

    resolution_ns: int = 0
    start_monotonic_ns: int = 0
    start_wall_ns: int = 0
    offset_to_master_ns: int = 0


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's run-facts file.

    Attributes:
        facts: as the judge takes them.
        run, plan_digest, records: whose they are and where the records lie.
        requests, cpu_us: records written; CPU time of the whole process per request while sending, in us.
        cpu_seconds, seconds: CPU time and real time of sending.
        lag_us: own lag (intended to taken off the schedule) at p50, p99 and at most.
        clock: None where the worker left no word of its own.
        stopped_s: somebody ended the run at this second.
        unsolicited: answers nobody asked for.
        kept: exchanges with a fault.
    """

    facts: WorkerFacts
    run: str = ""
    plan_digest: str = ""
    records: str = ""
    requests: int = 0
    cpu_us: float = 0.0
    cpu_seconds: float = 0.0
    seconds: float = 0.0
    lag_us: dict[str, float] = {}
    clock: RunClock | None = None
    stopped_s: float | None = None
    unsolicited: int = 0
    kept: tuple[KeptAnswer, ...] = ()


def without_secrets(facts: RunFacts, secrets: Sequence[str], private: str = "") -> RunFacts:
    """The facts without a plan's secrets, which an endpoint may have sent back; before anything is written.

    Args:
        private: of a plan of sensitive samples, its prefix: of an answer is only kept whether that is in it.
    """
    redactor = Redactor(secrets)
    own = facts.facts
    texts = {name: redactor.text(getattr(own, name)) for name in ("note", "lost", "defect")}
    kept = tuple(_redacted(each, redactor) for each in facts.kept)
    if private:
        texts |= {name: NOT_KEPT for name in ("note", "defect") if texts[name]}
        kept = tuple(_valueless(each, private) for each in kept)
    return msgspec.structs.replace(facts, facts=msgspec.structs.replace(own, **texts), kept=kept)


def _valueless(kept: KeptAnswer, prefix: str) -> KeptAnswer:
    own = kept.id.startswith(prefix) and len(kept.id) <= 2 * len(prefix)
    return msgspec.structs.replace(
        kept, sentence=NOT_KEPT, body=prefix if prefix in kept.body else "", id=kept.id if own else ""
    )


def _redacted(kept: KeptAnswer, redactor: Redactor) -> KeptAnswer:
    """An answer that was kept; its body stands for bytes, compressed ones too, and may have been cut."""
    body = redactor.data(kept.body.encode("latin-1", "replace"), cut=kept.bytes > len(kept.body))
    texts = {name: redactor.text(getattr(kept, name)) for name in ("status", "sentence", "case", "id")}
    return msgspec.structs.replace(kept, **texts, body=body.decode("latin-1"))


def write_facts(directory: Path, facts: RunFacts) -> Path:
    """Write a worker's facts whole or not at all."""
    path = directory / _name(facts.run, facts.facts.worker)
    temporary = path.with_suffix(".part")
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=1))
    temporary.replace(path)
    return path


def read_facts(directory: Path, run: str, worker: int) -> RunFacts | None:
    """A worker's facts; None where it left none that can be read."""
    try:
        return msgspec.json.decode((directory / _name(run, worker)).read_bytes(), type=RunFacts)
    except (OSError, msgspec.DecodeError):
        return None


def facts_files(directory: Path, run: str) -> list[Path]:
    """The facts files of a run."""
    return list(directory.glob(_name(run, "*")))


def _name(run: str, worker: int | str) -> str:
    return f"run-facts-{run}-{worker}.json"
