"""The operator's own words: what is declared, what must hold, what may be sent, who answers for it (TOML).

An unknown key stops the run: a typing error must not silently empty a criterion.
"""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from harness.data.declared import AccuracyTable, data_rooted
from harness.drills.declared import Drill, failing_over, rooted
from harness.provenance.declared import (
    ArtefactTable,
    LogTable,
    ProvenanceTable,
    RegistryTable,
    artefacts_rooted,
    log_rooted,
    registry_rooted,
)
from harness.robustness.declared import RobustnessTable, robustness_rooted
from harness.tables import TableError, read_table

RiskClass = Literal["annex-iii", "annex-i", "not-high-risk", "not-stated"]

NO_LIMIT = "none"
"""The word by which somebody lifts a limit; no number does."""
MOST_TIMES = 10_000

# Bounds of what may be given, here and on the command line. NaN is within none of them, and what is above them is no
# limit that this machine could keep (a socket takes no such time).
Rate = Annotated[float, msgspec.Meta(ge=0.001, le=1_000_000)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=31_536_000)]
Timeout = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Wait = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000_000)]
Much = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=9_223_372_036_854_775_807)]

POLICY_BYTES = 1 << 18


class PolicyError(Exception):
    """The policy file cannot be used; one line that says where and what to write instead."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ReportTable(_Table, frozen=True, kw_only=True):
    """``[report]``: who asked, who ran (``operator``) and where, who answers for it.

    Attributes:
        title: of the report.
        customer: who asked for the test.
        operator: who ran it.
        responsible: persons who answer for the report, by name.
        place: where the tester stood.
        replaces: id of the report that this one takes the place of.
    """

    title: str = "Article 15 evidence report"
    customer: str | None = None
    operator: str | None = None
    responsible: list[str] = []
    place: str | None = None
    replaces: str | None = None


class ItemTable(_Table, frozen=True, kw_only=True):
    """``[item]``: what the provider declares of the system; printed apart from what was measured.

    Attributes:
        system: name of the system that the endpoint belongs to.
        provider: who places it on the market, or puts it into service.
        version: of the system.
        intended_purpose: in words.
        lifecycle_stage: such as pre-release or in operation.
        risk_class: under the AI Act, as the provider classes it.
        keeps_learning: whether it goes on learning from what it is sent: without that, nothing is said of feedback
            loops (15(4)).
    """

    system: str | None = None
    provider: str | None = None
    version: str | None = None
    intended_purpose: str | None = None
    lifecycle_stage: str | None = None
    risk_class: RiskClass = "not-stated"
    keeps_learning: bool | None = None


class BudgetTable(_Table, frozen=True, kw_only=True):
    """``[budget]``: the same limits as the command line, which wins where both are given.

    Without ``time`` the profile says how long the run may take; the word ``"none"`` lifts that limit.

    Attributes:
        max_rate: requests a second.
        max_requests: of the whole run.
        time: seconds of the whole run.
        request_timeout: seconds that one request may take.
        body_mebibytes: of one answer that are read.
        check_seconds: seconds for which one check may neither send nor hear anything, beyond what requests and waits
            take, and seconds of processor time that it may take in all; then it is ended as a tool error. Load and
            drills are not ended so.
        answer_mebibytes: of memory that what is made of one answer may take; an answer of more is read by no check, and
            whoever needs it is untestable. A third of them bounds its body without its coding.
        evidence_mebibytes: of the whole bundle. A body that is large for what is left of them is kept in part (head,
            tail, digest), and where they are used up nothing more is sent.
    """

    max_rate: Rate | None = None
    max_requests: Count | None = None
    time: Seconds | Literal["none"] | None = None
    request_timeout: Timeout = 10.0
    body_mebibytes: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 16
    check_seconds: Timeout = 120.0
    answer_mebibytes: Annotated[int, msgspec.Meta(ge=1, le=1_048_576)] = 48
    evidence_mebibytes: Annotated[int, msgspec.Meta(ge=8, le=1_048_576)] = 512


class LimitsTable(_Table, frozen=True, kw_only=True):
    """``[limits]``: how much of what the endpoint lists and describes is probed; what is beyond is untestable.

    Attributes:
        models: of those that the endpoint lists (named ones are not counted).
        inputs, outputs: that one model describes.
        rank: dimensions of one tensor.
        elements: of one request, over all inputs, where each is written out (JSON, typed contents); it decides the
            bytes of a request and the memory of the tester.
        raw_elements: of one request whose values travel as raw bytes (binary extension, raw contents of gRPC).
        name_bytes: of a name of a model or of a tensor.
        versions: of one model that its metadata lists and that are looked at.
    """

    models: Much = 30
    inputs: Much = 512
    outputs: Much = 512
    rank: Annotated[int, msgspec.Meta(ge=1, le=64)] = 32
    elements: Much = 2_000_000
    raw_elements: Much = 8_000_000
    name_bytes: Annotated[int, msgspec.Meta(ge=1, le=65_536)] = 1024
    versions: Much = 100


class EndpointTable(_Table, frozen=True, kw_only=True):
    """``[endpoint]``: how patient the run is with it.

    Attributes:
        patience: seconds to wait for an endpoint that no longer answers to come back.
        warm_up: seconds that a model, or the server, may take until it answers for the first time.
        metrics: URL of its metrics, where they are not at ``/metrics`` of the endpoint; asked without credentials.
    """

    patience: float = 20.0
    warm_up: float = 60.0
    metrics: str | None = None

    def __post_init__(self) -> None:
        for name in ("patience", "warm_up"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise ValueError(f"{name} = {value:g} is no number of seconds")
        if self.metrics is not None and not self.metrics.startswith(("http://", "https://")):
            raise ValueError(f"metrics = {self.metrics!r} is no URL: write http://HOST:PORT/metrics")


class ServiceTable(_Table, frozen=True, kw_only=True):
    """``[service]``: what the provider declares of redundancy, which Article 15(4) permits and does not ask for.

    Without it none is declared, and a service on a single replica breaks nothing.

    Attributes:
        replicas: how many there are.
        failover: what takes over when a replica fails, in words.
        failover_s: within how many seconds of the loss of a replica every request is answered again: the
            ``max_recovery_s`` of each drill that takes a replica away and states none.
    """

    replicas: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    failover: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None
    failover_s: Annotated[float, msgspec.Meta(gt=0, le=1200)] | None = None

    def __post_init__(self) -> None:
        if self.failover_s is not None and self.failover is None:
            raise ValueError("failover_s without failover, which says in words what takes over")


class CriteriaTable(_Table, frozen=True, kw_only=True):
    """``[criteria]``: where the specification leaves the severity to the operator.

    Attributes:
        server_error_for_client_mistake: what a status of 500 to 599 for a mistake of the client counts as.
        credentials: what it means if nobody is asked for credentials though some were given: nothing, or open access.
        management_reachable: what it counts as that models can be unloaded or loaded without credentials.
    """

    server_error_for_client_mistake: Literal["warn", "fail"] = "warn"
    credentials: Literal["as-seen", "required"] = "as-seen"
    management_reachable: Literal["observe", "warn", "fail"] = "observe"


class SampleTable(_Table, frozen=True, kw_only=True):
    """``[samples.MODEL]``: inputs that the model takes.

    Either ``requests``, one JSON body a line, or ``data``: a table (npz, csv, parquet) whose arrays or columns are
    named after the inputs; or both.

    Attributes:
        requests: file of JSON bodies, one a line, relative to the policy.
        data: file of inputs, relative to the policy.
        sensitive: of every inference of the run, of whatever model, only size, status and times are kept.
    """

    requests: str | None = None
    data: str | None = None
    sensitive: bool = False


class ModelTable(_Table, frozen=True, kw_only=True):
    """``[models.NAME]``: what the provider declares of one model.

    Attributes:
        nondeterministic: whether the same request may get other values each time.
        several_versions: which version answers where none is asked for may change, as while traffic is split.
    """

    nondeterministic: bool = False
    several_versions: bool = False


class CapacityTable(_Table, frozen=True, kw_only=True):
    """``[load.capacity]``: the search for the highest rate that meets the service level.

    Attributes:
        least, most: requests a second between which it searches; without them, from what one client alone gets.
        tolerance: it ends when the rate that does not pass is within this share above the one that does.
        seconds: of one run; without it, by profile and by how many requests decide.
        runs: most runs; without it, by profile.
    """

    least: Rate | None = None
    most: Rate | None = None
    tolerance: Annotated[float, msgspec.Meta(gt=0, le=10)] | None = None
    seconds: Seconds | None = None
    runs: Count | None = None


class SpikeTable(_Table, frozen=True, kw_only=True):
    """``[load.spike]``: so many times the steady rate, for so many seconds (without them, by profile).

    Attributes:
        factor: how many times the steady rate.
        seconds: for how long.
    """

    factor: float = 10.0
    seconds: Seconds | None = None


class MixTable(_Table, frozen=True, kw_only=True):
    """``[[load.mixed]]``: one kind of request of the mix; without any, small and larger batches of one model.

    Attributes:
        model: by name; the model under test where none is named.
        rows: of its batch.
        weight: how often, relative to the others.
    """

    model: str | None = None
    rows: int = 1
    weight: Annotated[float, msgspec.Meta(le=1e9)] = 1.0


class LoadTable(_Table, frozen=True, kw_only=True):
    """``[load]``: the service level, and how much load there is to be (only with ``--oip-allow load``).

    Without ``latency`` there is no service level: what is seen is recorded and held against nobody, but for wrong
    answers, crashes, hangs and untrue readiness.

    Attributes:
        latency: seconds from the time a request is due to the last byte of its answer.
        percentile: share of all requests that must be answered within it, 0.99 for p99; failed ones are not.
        confidence: of every decision about it.
        rate, seconds: of the steady load; without them, by profile and by what one client alone gets.
        workers: processes that send.
        recovery: seconds that the tail may take to be back after an overload.
        overload: how many times the capacity the overload is.
        soak: seconds of the soak (profile ``deep`` only).
    """

    latency: float | None = None
    percentile: float = 0.99
    confidence: float = 0.99
    rate: float | None = None
    seconds: float | None = None
    workers: int = 1
    recovery: float = 10.0
    overload: float = 2.0
    soak: float = 600.0
    capacity: CapacityTable = CapacityTable()
    spike: SpikeTable = SpikeTable()
    mixed: list[MixTable] = []

    def __post_init__(self) -> None:
        positive = {name: getattr(self, name) for name in ("latency", "rate", "seconds", "recovery", "soak")}
        for name, value in positive.items():
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name} = {value:g} is no number of seconds or requests above 0")
        if not (0 < self.percentile < 1 and 0 < self.confidence < 1):
            raise ValueError("percentile and confidence are shares between 0 and 1, such as 0.99")
        # Asked for what they are, never for what they are not: NaN is neither.
        times = all(1 < factor <= MOST_TIMES for factor in (self.overload, self.spike.factor))
        if not (1 <= self.workers <= 64 and times):
            raise ValueError(f"workers are 1 to 64, and overload and spike.factor above 1 (to {MOST_TIMES})")
        if not all(mix.weight > 0 and mix.rows >= 1 for mix in self.mixed):
            raise ValueError("each entry of mixed has rows of at least 1 and a weight above 0")


MetadataAspect = Literal["platform", "versions", "inputs", "outputs", "datatypes", "shapes", "properties"]
"""What the metadata of a model says of it, besides its name."""


class RolloutTable(_Table, frozen=True, kw_only=True):
    """``[rollout]``: how far a candidate (``--oip-candidate``) may differ from the endpoint under test.

    A limit that is not stated is held against nobody: what is seen is recorded.

    Attributes:
        min_agreement: share of inputs with the same answer, floats within the tolerance.
        min_same_decisions: share of inputs with the same decisions, where an output is a class or a label.
        max_changed_decisions: most of the compared inputs with another decision; says nothing of other inputs.
        max_latency_ratio: of the candidate's latency to the other one, in the median over the inputs.
        allow_metadata: what may be described otherwise; anything else may not. Without it, all of it may.
        relative, absolute: tolerance of floats.
        inputs: to compare, samples first, then drawn ones; where a share is stated, as many more as decide about it.
        confidence: of each decision about a share or a ratio.
    """

    min_agreement: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    min_same_decisions: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    max_changed_decisions: Annotated[int, msgspec.Meta(ge=0)] | None = None
    max_latency_ratio: Annotated[float, msgspec.Meta(gt=0, le=MOST_TIMES)] | None = None
    allow_metadata: list[MetadataAspect] | None = None
    relative: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1e-3
    absolute: Annotated[float, msgspec.Meta(ge=0, le=1e30)] = 1e-4
    inputs: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 200
    confidence: Annotated[float, msgspec.Meta(ge=0.5, lt=1)] = 0.95


class WaiverTable(_Table, frozen=True, kw_only=True):
    """``[[waivers]]``: a known finding that the operator accepts until a date.

    Attributes:
        slug: of the check.
        owner: who accepts the finding.
        reason: why it is accepted.
        expires: the last day on which it is.
        model: by name; all models where none is named.
    """

    slug: str
    owner: str
    reason: str
    expires: datetime.date
    model: str | None = None


class DutyTable(_Table, frozen=True, kw_only=True):
    """``[[not_applicable]]``: a duty that the operator declares not applicable, with reason and name.

    Attributes:
        duty: its id, such as A15-4-j.
        reason: why it does not apply.
        declared_by: who says so.
    """

    duty: str
    reason: str
    declared_by: str


class Policy(_Table, frozen=True, kw_only=True):
    """The whole file; every table is optional and the default is what an empty file says."""

    report: ReportTable = ReportTable()
    item: ItemTable = ItemTable()
    endpoint: EndpointTable = EndpointTable()
    service: ServiceTable = ServiceTable()
    budget: BudgetTable = BudgetTable()
    limits: LimitsTable = LimitsTable()
    criteria: CriteriaTable = CriteriaTable()
    samples: dict[str, SampleTable] = {}
    models: dict[str, ModelTable] = {}
    load: LoadTable = LoadTable()
    drills: list[Drill] = []
    rollout: RolloutTable = RolloutTable()
    accuracy: list[AccuracyTable] = []
    robustness: list[RobustnessTable] = []
    provenance: ProvenanceTable = ProvenanceTable()
    artefact: dict[str, ArtefactTable] = {}
    registry: RegistryTable | None = None
    log: LogTable | None = None
    waivers: list[WaiverTable] = []
    not_applicable: list[DutyTable] = []

    @property
    def sensitive(self) -> bool:
        """Whether a run under it may send what must not be written, nor what is answered to it."""
        return any(table.sensitive for table in self.samples.values())


def load_policy(path: Path | None) -> tuple[Policy, str | None]:
    """The policy and the SHA-256 of its file; the default policy and None without a file.

    Paths of samples and labelled data, and folders of drills, are relative to the folder of the file.

    Raises:
        PolicyError: unreadable, not TOML, an unknown key, a value of the wrong type, or a path that only leads
            somewhere from the working directory.
    """
    if path is None:
        return Policy(), None
    try:
        policy, digest = read_table(path, "policy", Policy, POLICY_BYTES)
        drills = failing_over(rooted(policy.drills, path), policy.service.failover_s)
        accuracy = data_rooted(policy.accuracy, path, "accuracy")
        robustness = robustness_rooted(policy.robustness, path)
        origins = {
            "artefact": artefacts_rooted(policy.artefact, path),
            "registry": registry_rooted(policy.registry, path),
            "log": log_rooted(policy.log, path),
        }
    except TableError as error:
        raise PolicyError(str(error)) from error
    except ValueError as error:
        raise PolicyError(f"policy {path}: {error}") from error
    samples = {model: _rooted(table, path) for model, table in policy.samples.items()}
    found = {"samples": samples, "drills": drills, "accuracy": accuracy, "robustness": robustness, **origins}
    return msgspec.structs.replace(policy, **found), digest


def _rooted(table: SampleTable, policy: Path) -> SampleTable:
    """The table with its paths as they are seen from the folder of the policy."""
    found: dict[str, str] = {}
    for name in ("requests", "data"):
        given = getattr(table, name)
        if given is None:
            continue
        rooted = policy.parent / given
        if not rooted.exists() and Path(given).exists():
            right = os.path.relpath(given, policy.parent)
            raise PolicyError(
                f"policy {policy}: {name} = {given!r} is relative to the folder of the policy, and is not there; "
                f"the file in the working directory is written {right!r}"
            )
        found[name] = str(rooted)
    return msgspec.structs.replace(table, **found)
