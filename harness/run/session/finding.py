"""Finds what stands behind the endpoint, and warms it up; what is met on the way becomes a verdict of every check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.budget import Budget, BudgetExhausted
from harness.check import Check, EndpointLost, TesterFailed, Untestable
from harness.declared.running import BudgetTable
from harness.endpoint.bounds import NOTHING
from harness.endpoint.discovery import discover, split_name
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.errors import EndpointError
from harness.endpoint.readiness import wait_until_ready
from harness.endpoint.warming import warm_up
from harness.policy import Policy
from harness.record.disk import of_this_machine
from harness.record.store import Recorder
from harness.run.config import Config
from harness.run.one_check import in_words
from harness.run.options import UsageError
from harness.run.planning.prerequisites import Blocked
from harness.run.results import BUDGET
from harness.verdicts import Verdict
from harness.wire.access import Access, AccessError
from harness.wire.rest import RestClient

if TYPE_CHECKING:
    from harness.wire.rpc import GrpcClient


@dataclass(frozen=True, slots=True)
class Discovered:
    """The endpoint, and how every check ends where discovery came to no end."""

    endpoint: Endpoint
    stopped: Blocked | None = None


def rest_client(config: Config, recorder: Recorder, budget: Budget) -> RestClient | None:
    """The client of the REST address, if there is one."""
    return None if config.probed.rest is None else RestClient(config.probed.rest, recorder, budget)


def grpc_client(config: Config, recorder: Recorder, budget: Budget) -> GrpcClient | None:
    """The client of the gRPC address, if there is one."""
    return None if config.probed.grpc is None else _grpc_client(config.probed.grpc, recorder, budget)


def _grpc_client(access: Access, recorder: Recorder, budget: Budget) -> GrpcClient:
    from harness.wire.rpc import GrpcClient  # noqa: PLC0415 -- needs the extra grpc

    return GrpcClient(access, recorder, budget)


def find_endpoint(
    rest: RestClient | None,
    grpc: GrpcClient | None,
    policy: Policy,
    models: Sequence[str],
    tell: Callable[[str], None],
    wait_ready: float = 0.0,
) -> Discovered:
    """What stands behind the endpoint.

    Args:
        models: that were asked for by name.
        tell: shows what is waited for.
        wait_ready: seconds to wait first until it is ready.

    Raises:
        UsageError: the endpoint cannot be probed as asked.
    """
    try:
        if wait_ready:
            clients = [client for client in (rest, grpc) if client is not None]
            wait_until_ready(clients, [split_name(text) for text in models], wait_ready, tell)
        return Discovered(discover(rest, grpc, policy, models, tell))
    except (EndpointError, AccessError) as error:
        raise UsageError(str(error)) from error
    except BudgetExhausted as error:
        stopped = Blocked(Verdict.UNTESTABLE, f"not carried out: {error} before the first check", BUDGET)
    except (EndpointLost, Untestable) as error:
        stopped = Blocked(Verdict.UNTESTABLE, f"not carried out: {error}")
    except TesterFailed as error:
        stopped = Blocked(Verdict.TOOL_ERROR, f"not carried out: {error}")
    except Exception as error:  # noqa: BLE001 -- a defect of ours ends in words as well, and with the evidence
        stopped = Blocked(Verdict.TOOL_ERROR, of_this_machine(error) or in_words("discovery", error))
    return Discovered(Endpoint(rest, grpc, policy, "v2", NOTHING, None), stopped)


def warm_up_models(
    endpoint: Endpoint, config: Config, checks: Sequence[Check], seconds: float, tell: Callable[[str], None]
) -> None:
    """The first inferences, if any will follow; what is noticed stands in the endpoint's remarks."""
    if not any(check.per == "model" for check in checks):
        return
    given = config.policy.budget.request_timeout != BudgetTable().request_timeout
    # One that goes away over it is told by the first check.
    try:
        warm_up(endpoint, seconds, fixed=config.options.timeout is not None or given, tell=tell)
    except (EndpointLost, Untestable):
        pass
    except Exception as error:  # noqa: BLE001 -- the checks that meet it again say what it means
        ours = isinstance(error, TesterFailed) and not config.policy.sensitive
        endpoint.remarks.append(
            f"warming up: {error}" if ours else in_words("warming up", error, private=config.policy.sensitive)
        )
