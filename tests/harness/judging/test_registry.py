"""What is claimed against what MLflow says: each way of being otherwise has a name of its own, and one alone."""

from __future__ import annotations

from typing import cast

import httpx
import pytest

from harness.judging.origin.registry import RegistryVerdict
from harness.probing.origin.claimed import Claimed
from harness.provenance.claims import Claim
from harness.provenance.kinds import claim_kinds
from harness.provenance.mlflow import MlflowRegistry
from harness.provenance.mlflow_server import MlflowServer
from tests.harness.provenance.fake_mlflow import COMMIT, RUNS, answer, digest_of

RIGHT = {
    "model.registry": "models:/credit@champion", "model.name": "credit", "model.version": "1", "model.run": RUNS["1"],
    "model.digest": digest_of("1"), "source.commit": COMMIT,
}  # fmt: skip
OF_SECOND = {"model.version": "2", "model.run": RUNS["2"], "model.digest": digest_of("2")}


def judged(**claims: str | None) -> tuple[RegistryVerdict, list[str]]:
    """The verdict on the right claims but for those that are given; None leaves one out."""

    def reply(request: httpx.Request) -> httpx.Response:
        status, body = answer(request.url.path, dict(request.url.params))
        return httpx.Response(status, stream=httpx.ByteStream(body))

    changed = {**RIGHT, **{name.replace("_", "."): value for name, value in claims.items()}}
    made = [Claim(claim_kinds()[name], name, value, "metadata") for name, value in changed.items() if value is not None]
    server = MlflowServer("http://mlflow.example", transport=httpx.MockTransport(reply))
    verdict = RegistryVerdict(MlflowRegistry(server), made, cast("Claimed", None))
    verdict.judge()
    return verdict, verdict.wrong


def test_what_is_right_is_verified() -> None:
    verdict, roots = judged()
    assert (roots, verdict.undecided) == ([], [])
    assert {link.about: link.state for link in verdict.links} == dict.fromkeys(RIGHT, "verified")


@pytest.mark.parametrize(
    ("claims", "root"),
    [
        ({"model_digest": digest_of("2")}, "registry-entry-otherwise:model.digest"),
        ({"model_registry": "models:/credit/1", **OF_SECOND}, "registry-entry-otherwise:model.version"),
        ({"model_registry": "models:/credit/1", "model_run": "f" * 32}, "registry-entry-otherwise:model.run"),
        ({"model_name": "debit"}, "registry-entry-otherwise:model.name"),
        ({"source_commit": "d" * 40}, "registry-entry-otherwise:source.commit"),
        (OF_SECOND, "registry-alias-moved"),
        ({"model_registry": "models:/credit/Staging"}, "registry-alias-moved"),
        ({"model_registry": "models:/credit/9"}, "registry-has-no-such-entry"),
        ({"model_registry": "models:/credit@gone"}, "registry-has-no-such-entry"),
        ({"model_registry": None, "model_version": "9"}, "registry-has-no-such-entry"),
    ],
)
def test_each_way_of_being_otherwise_is_one_finding(claims: dict[str, str | None], root: str) -> None:
    verdict, roots = judged(**{name.replace(".", "_"): value for name, value in claims.items()})
    assert roots == [root]
    assert {"contradicted", "missing"} & {link.state for link in verdict.links}


def test_without_a_reference_name_and_version_or_the_run_are_looked_up() -> None:
    assert judged(model_registry=None)[1] == []
    verdict, roots = judged(model_registry=None, model_version=None)
    assert roots == []
    assert "has no digest" in verdict.undecided[0]


def test_a_digest_alone_is_not_looked_for() -> None:
    alone = dict.fromkeys(("model_registry", "model_name", "model_version", "model_run", "source_commit"))
    verdict, roots = judged(**alone)
    assert (roots, verdict.cases) == ([], [])
    assert "MLflow finds nothing by its digest" in verdict.undecided[0]
