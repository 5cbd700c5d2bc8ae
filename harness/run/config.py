"""The configuration of a run: checked once, redacted where it is recorded."""

from __future__ import annotations

import importlib.util
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.allowed import did_you_mean
from harness.budget import MEBIBYTE, Limits
from harness.cluster.cluster import Cluster
from harness.drills.declared import refuse_uncounted
from harness.endpoint.candidate import Candidate
from harness.endpoint.replica import Replica
from harness.policy import Policy, PolicyError, load_policy
from harness.run.accepting.reading import accepting_of
from harness.run.accepting.standing import Accepting
from harness.run.folder import refuse_unusable
from harness.run.numbers import Given, count_of, rate_of, seconds_of, seed_of, timeout_of, wait_of
from harness.run.options import (
    ALLOWANCES,
    PROFILES,
    SECRET,
    TOKEN_VARIABLE,
    Options,
    UsageError,
    is_cluster,
    is_embedded,
)
from harness.tables import TableError
from harness.wire.access import Access
from harness.wire.address import Address, is_grpc, read_grpc
from reports.text.sentences import DEFAULT, Sentences, sentences

OFF_LOOPBACK_RATE = 50.0


@dataclass(frozen=True, slots=True)
class Config:
    """A checked configuration.

    Attributes:
        replicas: every instance of the service that was named; the first is probed.
        wait_ready: seconds to wait until the endpoint is ready, before the time of the run begins.
        candidate: what is to replace the endpoint, where that was named.
        cluster: what stands behind the endpoint, where the run has started it.
        accepting: what is not held against the endpoint although it was found.
    """

    run_id: str
    options: Options
    replicas: tuple[Replica, ...]
    policy: Policy
    policy_sha256: str | None
    limits: Limits
    profile: str
    seed: int
    folder: Path
    accepting: Accepting
    wait_ready: float = 0.0
    allow: tuple[str, ...] = ()
    candidate: Candidate | None = None
    cluster: Cluster | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    defaulted: Mapping[str, str] = field(default_factory=dict)

    @property
    def probed(self) -> Replica:
        """The instance that is probed."""
        return self.replicas[0]

    @property
    def said(self) -> Sentences:
        """The sentences of the language that the run was asked for."""
        return sentences(self.options.lang or DEFAULT)

    def reaches(self, transport: str) -> bool:
        """Whether a check of that transport (``rest``, ``grpc``, ``both`` or ``any``) can be carried out."""
        if transport == "any":
            return True
        needed = {"rest", "grpc"} if transport == "both" else {transport}
        return needed <= {*self.probed.transports}


def configure(options: Options, endpoint: str, environ: Mapping[str, str] | None = None) -> Config:
    """Check the options against each other and against the policy.

    Args:
        options: as given on the command line.
        endpoint: the base URL to probe (that of the embedded server where it was asked for).
        environ: environment; ``ART15_TOKEN`` is the bearer token.

    Raises:
        UsageError: something cannot work as asked.
    """
    environ = os.environ if environ is None else environ
    try:
        policy, policy_sha256 = load_policy(Path(options.policy) if options.policy else None)
        if not is_cluster(options.endpoints[0]):
            refuse_uncounted(policy.drills)
        accepting = accepting_of(options.requirements, options.baseline)
        replicas = replicas_of(options, endpoint, environ)
        candidate = candidate_of(options, replicas[0], environ)
    except (PolicyError, TableError, ValueError) as error:
        raise UsageError(str(error)) from error
    run_id = secrets.token_hex(4)
    profile = options.profile or "standard"
    allow = tuple(_allow(options.allow))
    asked = [replicas[0], *([candidate.replica] if candidate is not None else [])]
    limits = _limits(options, policy, profile, loopback=all(each.is_loopback for each in asked))
    given_seed = seed_of(options.seed)
    seed = 15 if given_seed is None else given_seed
    given, defaulted = _recorded(options, policy, limits, profile, seed)
    return Config(
        run_id=run_id,
        options=options,
        replicas=replicas,
        policy=policy,
        policy_sha256=policy_sha256,
        limits=limits,
        profile=profile,
        seed=seed,
        folder=_folder(options.evidence, run_id),
        accepting=accepting,
        wait_ready=wait_of(options.wait_ready),
        allow=allow,
        candidate=candidate,
        given=given,
        defaulted=defaulted,
    )


def replicas_of(options: Options, endpoint: str, environ: Mapping[str, str]) -> tuple[Replica, ...]:
    """The instances of the service, ``endpoint`` first and with the gRPC address that was given; the others are those
    of the options, reached with the same credentials.

    Raises:
        UsageError, ValueError: one of them cannot be used.
    """
    others = (replica_at(replace(options, grpc=None), each, environ) for each in options.endpoints[1:])
    return (replica_at(options, endpoint, environ), *others)


def candidate_of(options: Options, stable: Replica, environ: Mapping[str, str]) -> Candidate | None:
    """The candidate, reached with the same credentials; at the endpoint itself where only its version is named.

    Raises:
        UsageError, ValueError: it cannot be used.
    """
    if options.candidate is None:
        if options.candidate_grpc is not None:
            raise UsageError("--oip-candidate-grpc is the gRPC address of --oip-candidate: give that as well")
        return None if options.candidate_version is None else Candidate(stable, options.candidate_version)
    if is_embedded(options.candidate):
        raise UsageError(f"--oip-candidate {options.candidate}: an address is needed")
    if is_grpc(options.candidate) and options.candidate_grpc is not None:
        raise UsageError(f"--oip-candidate {options.candidate} is a gRPC address: leave out --oip-candidate-grpc")
    found = replica_at(replace(options, grpc=options.candidate_grpc), options.candidate, environ)
    if not {*found.transports} & {*stable.transports}:
        raise UsageError("the endpoint and --oip-candidate have no transport in common: nothing could be compared")
    return Candidate(found, options.candidate_version)


def replica_at(options: Options, endpoint: str, environ: Mapping[str, str]) -> Replica:
    """One instance: a URL of HTTP and the gRPC address of the options, or a gRPC address alone.

    Raises:
        UsageError, ValueError: something cannot work as asked.
    """
    if is_grpc(endpoint):
        if options.grpc is not None:
            raise UsageError(f"--endpoint {endpoint} is a gRPC address already: leave out --oip-grpc")
        return Replica((("grpc", access_for(options, _grpc_address(endpoint), environ)),))
    rest = access_for(options, endpoint, environ)
    if options.grpc is None:
        return Replica((("rest", rest),))
    return Replica((("rest", rest), ("grpc", rest.beside(_grpc_address(options.grpc, tls=rest.address.tls)))))


def access_for(options: Options, endpoint: Address | str, environ: Mapping[str, str]) -> Access:
    """The way to an address with the credentials and the trust that the options give.

    Raises:
        UsageError, ValueError: something cannot work as asked.
    """
    headers = []
    for text in options.headers:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"--oip-header {text.partition(':')[0]!r}: write it as 'Name: value'")
        headers.append((name.strip(), value.strip()))
    for option, path in (("--oip-ca", options.ca), ("--oip-cert", options.cert), ("--oip-key", options.key)):
        if path is not None and not Path(path).is_file():
            raise UsageError(f"{option} {path}: no such file")
    return Access(
        at=endpoint,
        headers=tuple(headers),
        token=environ.get(TOKEN_VARIABLE) or None,
        token_command=options.token_command,
        ca=options.ca,
        cert=options.cert,
        key=options.key,
        authority=options.authority,
        proxy=options.proxy,
    )


def _grpc_address(text: str, *, tls: bool = False) -> Address:
    """``HOST:PORT`` (TLS if REST has it), ``grpc://HOST:PORT`` or ``grpcs://HOST:PORT``.

    Raises:
        UsageError, ValueError: something cannot work as asked.
    """
    address = read_grpc(text, tls=tls)
    # `google` is a folder of many packages; to look into one that is not there would raise.
    if not all(importlib.util.find_spec(name) for name in ("h2", "google", "google.protobuf")):
        raise UsageError("gRPC needs the extra: pip install 'art15[grpc]'")
    return address


def _limits(options: Options, policy: Policy, profile: str, *, loopback: bool) -> Limits:
    """What the run may cost: the command line, else the policy, else what the profile states."""
    budget = policy.budget
    rate = rate_of(_first(options.max_rate, budget.max_rate))
    requests = count_of(_first(options.max_requests, budget.max_requests))
    seconds = seconds_of(_first(options.time_budget, budget.time))
    timeout = timeout_of(_first(options.timeout, budget.request_timeout)) or Limits().request_seconds
    if rate is None and not loopback:
        rate = OFF_LOOPBACK_RATE
    by_profile = seconds is None
    time = PROFILES[profile] if seconds is None else None if isinstance(seconds, str) else seconds
    evidence = budget.evidence_mebibytes * MEBIBYTE
    return Limits(rate, requests, time, timeout, budget.body_mebibytes * MEBIBYTE, by_profile, evidence)


def _first(ours: Given, theirs: Given) -> Given:
    return theirs if ours is None else ours


def _allow(words: Sequence[str]) -> list[str]:
    found = [word.strip() for text in words for word in text.split(",") if word.strip()]
    for word in found:
        if word not in ALLOWANCES:
            near = did_you_mean(word, ALLOWANCES)
            raise UsageError(f"--oip-allow {word}{near} (choose from {', '.join(ALLOWANCES)})")
    return found


def _folder(given: str | None, run_id: str) -> Path:
    """The evidence folder; an unwritable place is found before the first request."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    folder = Path(given) if given else Path("evidence") / f"{stamp}-{run_id}"
    refuse_unusable(folder)
    return folder


def _recorded(
    options: Options, policy: Policy, limits: Limits, profile: str, seed: int
) -> tuple[dict[str, str], dict[str, str]]:
    """What was given and what was filled in, for the record; secret values are replaced by the fact of being given."""
    given = {
        name: "(given)" if name in SECRET else str(getattr(options, name))
        for name in options.__slots__
        if getattr(options, name) not in (None, (), [], "")
    }
    effective = {
        "profile": profile,
        "seed": str(seed),
        "max_rate": str(limits.rate),
        "max_requests": str(limits.requests),
        "time_budget": str(limits.seconds),
        "request_timeout": str(limits.request_seconds),
        "body_bytes": str(limits.body_bytes),
        "evidence_bytes": str(limits.evidence_bytes),
    }
    for table in ("endpoint", "budget"):
        mine, default = getattr(policy, table), getattr(Policy(), table)
        for name in mine.__struct_fields__:
            value = str(getattr(mine, name))
            if getattr(mine, name) != getattr(default, name):
                given[f"[{table}] {name}"] = value
            elif table == "endpoint":
                effective[f"[{table}] {name}"] = value
    told = {*given, *(["request_timeout"] if options.timeout is not None else ())}
    return given, {name: value for name, value in effective.items() if name not in told}
