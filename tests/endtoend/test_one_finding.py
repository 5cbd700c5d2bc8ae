"""One cause is one finding: a server that is wrong in one way gets one, one that is wrong in two ways gets two.

Whole runs over both transports, since what has to stay one is spread over checks, suites and transports.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import probe

pytestmark = [pytest.mark.slow, pytest.mark.battery]

# Faults, the model that they show on, and the causes that they are found by.
ALONE = (
    ("grpc-service-renamed", "fixed", "grpc-methods-missing"),
    ("drops-request-id", "fixed", "id-not-returned"),
    ("id-ascii-only", "fixed", "id-beyond-ascii"),
    ("nested-refused", "matrix", "nested-data-refused"),
    ("bytes-cut-at-nul", "echo-bytes", "text-ends-at-nul"),
    ("error-422-detail", "fixed", "error-members"),
    ("server-metadata-404", "fixed", "server-metadata-missing"),
    ("ids-swapped-above-31-at-once", "fixed", "requests-mixed-up"),
    ("model-name-splits-header", "fixed", "line-break-becomes-header"),
)
TOGETHER = (
    (("drops-request-id", "error-422-detail"), "fixed", {"id-not-returned", "error-members"}),
    (("unknown-model-ready", "unknown-model-metadata-200", "unknown-model-infer-200", "drops-request-id"), "fixed",
     {"any-model-name-answered", "id-not-returned"}),
    (("body-of-get-is-next-request", "error-422-detail"), "fixed", {"body-answered-as-request", "error-members"}),
    (("bytes-cut-at-nul", "id-ends-at-nul", "names-end-at-nul"), "echo-bytes", {"text-ends-at-nul"}),
    (("bytes-cut-at-nul", "drops-request-id"), "echo-bytes", {"text-ends-at-nul", "id-not-returned"}),
)  # fmt: skip
# What a title must never say.
MISLEADING = ("Not so", "(absent)", "nothing was observed", "0 bytes to 0 bytes")


def _causes(faults: tuple[str, ...], model: str, folder: Path) -> list[str]:
    arguments = [word for fault in faults for word in ("--fault", fault)]
    with EmbeddedServer(arguments) as server:
        grpc = ["--oip-grpc", server.grpc] if server.grpc else []
        ran = probe(server.url, folder, *grpc, "--oip-model", model, "--oip-profile", "quick")
    found = [each for each in ran.evidence["summary"]["findings"] if each["verdict"] != "untestable"]
    for each in found:
        assert not any(word in each["title"] for word in MISLEADING), each["title"]
        assert each["consequence"] is not None, each["title"]
    return [each["root"] for each in found]


@pytest.mark.parametrize(("fault", "model", "cause"), ALONE)
def test_one_fault_is_one_finding(fault: str, model: str, cause: str, tmp_path: Path) -> None:
    assert _causes((fault,), model, tmp_path / "evidence") == [cause]


@pytest.mark.parametrize(("faults", "model", "causes"), TOGETHER)
def test_two_causes_are_two_findings(faults: tuple[str, ...], model: str, causes: set[str], tmp_path: Path) -> None:
    found = _causes(faults, model, tmp_path / "evidence")
    assert set(found) == causes
    assert len(found) == len(causes)
