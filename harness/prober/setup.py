"""What a session is to probe: options and policy, checked, and every check that there is."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from types import ModuleType

import pytest

from harness.allowed import did_you_mean
from harness.check import Check, Registry
from harness.clauses import Catalogue
from harness.cluster.balancer import CONFIGURATIONS, Balancer
from harness.cluster.cluster import Cluster, ClusterError
from harness.run.checks import load_checks
from harness.run.config import Config, configure
from harness.run.embedded import SHOWN_MODELS, EmbeddedError, EmbeddedServer
from harness.run.options import Options, UsageError, is_cluster, is_embedded, read_options
from harness.run.terminal.guard import said

# Replicas whose version in service a drill may change (harness/cluster/rollout.toml).
ROLLED = ("--variant", "version-in-service-changes")


@dataclass(frozen=True, slots=True)
class Setup:
    """Checked before anything is sent.

    Attributes:
        foreign: modules of third parties that registered checks.
    """

    registry: Registry
    catalogue: Catalogue
    foreign: tuple[ModuleType, ...]
    config: Config

    @property
    def chosen(self) -> list[Check]:
        """The checks that are admitted, in order."""
        return [check for check in self.registry if self.selects(check)]

    def selects(self, check: Check) -> bool:
        """Whether suites, allowances and the transports that were given admit the check."""
        config = self.config
        allowed = check.allow is None or {*check.allow.split("+")} <= {*config.allow}
        named = not config.options.suites or check.suite in config.options.suites
        return allowed and named and config.reaches(check.transport)


def set_up(config: pytest.Config, stack: contextlib.ExitStack) -> Setup:
    """Read the options of a session, and start the embedded server or cluster where it was asked for.

    Args:
        stack: closes what is opened here.

    Raises:
        pytest.UsageError: something cannot work as asked.
    """
    try:
        return set_up_as(read_options(config), stack)
    except UsageError as error:
        raise pytest.UsageError(said(error)) from error


def set_up_as(options: Options, stack: contextlib.ExitStack) -> Setup:
    """The same for options that were read already.

    Raises:
        UsageError: something cannot work as asked.
    """
    registry, catalogue, foreign = load_checks()
    _refuse_unknown_suite(options, registry)
    url, grpc, cluster = _started(options, stack)
    checked = replace(configure(replace(options, grpc=options.grpc or grpc), url), cluster=cluster)
    return Setup(registry, catalogue, tuple(foreign), checked)


def _refuse_unknown_suite(options: Options, registry: Registry) -> None:
    known = sorted({check.suite for check in registry})
    for name in options.suites:
        if name not in known:
            near = did_you_mean(name, known)
            raise UsageError(f"--oip-suite {name}: no such suite{near} (there are: {', '.join(known)})")


def _started(options: Options, stack: contextlib.ExitStack) -> tuple[str, str | None, Cluster | None]:
    """The base URL, the gRPC address where what was started has one, and the cluster where there is one."""
    named = options.endpoints[0]
    models = () if options.models else SHOWN_MODELS
    if not is_embedded(named):
        return named, None, None
    try:
        if is_cluster(named):
            cluster = stack.enter_context(Cluster(_balancer(named), arguments=(*models, *ROLLED)))
            return cluster.place.url, cluster.place.grpc, cluster
        server = stack.enter_context(EmbeddedServer(models))
    except (EmbeddedError, ClusterError) as error:
        raise UsageError(str(error)) from error
    return server.url, server.grpc, None


def _balancer(named: str) -> Balancer:
    """The balancer of ``embedded-cluster`` or ``embedded-cluster:CONFIGURATION``."""
    configuration = named.partition(":")[2]
    if not configuration:
        return Balancer()
    if configuration not in CONFIGURATIONS:
        near = did_you_mean(configuration, CONFIGURATIONS)
        raise UsageError(f"--endpoint {named}: no such configuration{near} (there are: {', '.join(CONFIGURATIONS)})")
    return Balancer(configuration)
