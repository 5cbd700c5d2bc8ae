"""What the checks of access say where the policy requires credentials, and where none are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from harness.check import REGISTRY
from harness.declared.judged import CriteriaTable
from harness.endpoint.endpoint import Endpoint
from harness.judging.open_access import EVERYWHERE
from harness.outcome import Outcome
from harness.policy import Policy
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.run.checks import load_checks
from harness.run.one_check import execute
from harness.verdicts import Verdict
from harness.wire.access import Access
from tests.harness.endpoint.scripted import Scripted, message
from tests.harness.wire.hostile_grpc import grpc_client

UNIMPLEMENTED, UNAUTHENTICATED = 12, 16
METADATA = message("ServerMetadata", name="there")


def looked(policy: CriteriaTable, asks: bool, token: str | None, folder: Path) -> tuple[Verdict, Outcome]:
    """The check of access over gRPC against a server that has metadata for everybody, or for nobody that it knows."""
    load_checks()
    check = REGISTRY.checks["security-grpc-no-access-without-credentials"]

    def answers(method: str, _: bytes) -> bytes | int:
        if asks:
            return UNAUTHENTICATED
        return METADATA if method == "ServerMetadata" else UNIMPLEMENTED

    with Scripted(answers) as url, grpc_client(Access(url, token=token), folder) as (client, _):
        endpoint = Endpoint(None, client, Policy(criteria=policy), "v2", cast("Exchange", None), None)
        probe = Probe(check, endpoint, Outcome(dict(check.beyond_clauses)), None)
        return execute(check, probe)[0], probe.outcome


@pytest.mark.parametrize("token", [None, "secret-token-for-tests"])
def test_required_by_policy_and_asked_of_nobody(token: str | None, tmp_path: Path) -> None:
    verdict, outcome = looked(CriteriaTable(credentials="required"), False, token, tmp_path)
    assert verdict is Verdict.FAIL
    assert {violation.root for violation in outcome.violations} == {EVERYWHERE}


@pytest.mark.parametrize("token", [None, "secret-token-for-tests"])
def test_as_seen_is_no_finding(token: str | None, tmp_path: Path) -> None:
    assert looked(CriteriaTable(), False, token, tmp_path)[0] is Verdict.NOT_APPLICABLE


def test_who_refuses_everything_is_not_blamed(tmp_path: Path) -> None:
    verdict, _ = looked(CriteriaTable(credentials="required"), True, None, tmp_path)
    assert verdict is Verdict.UNTESTABLE
