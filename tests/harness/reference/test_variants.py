"""Benign variants: they answer otherwise, and what they answer is still right."""

from __future__ import annotations

import pytest

from harness.reference.variants import VARIANTS
from tests.harness.reference.battery import answers

SAMPLE = (
    "other-4xx", "pretty-printed", "chunked", "close-after-each-response", "auth-required", "slash-redirect",
    "generated-id", "nested-output", "outputs-any-order", "versions-required",
)  # fmt: skip
# What the battery does not look for: compression it does not ask for, numbers at other precision, a slow start.
UNSEEN = {
    "gzip-when-asked", "doubles-for-fp32", "slow-first-answer",
    # The battery of the extensions sees these.
    "binary-empty-plain", "generate-without-versions", "index-body-required", "unload-unknown-ok",
    "generate-cumulative-stream", "generate-without-details",
    # Hostile requests, many at once, or real connections.
    "last-of-equal-keys", "no-pipelining", "slow-first-inference", "overloaded-503", "gzip-requests-with-limit",
    "odd-methods-501",
    # Callers that give up, nine sequences at once, or metrics, which differ from run to run.
    "given-up-computed-to-the-end", "sequence-slots-refused", "metrics-absent", "metrics-count-others",
    "metrics-of-other-names", "metrics-of-workers",
    # Sizes that it does not send.
    "low-limits", "large-bodies",
}  # fmt: skip
OVER_REST = sorted(name for name, each in VARIANTS.items() if each.transport == "rest")
SEEN = [name for name in OVER_REST if VARIANTS[name].effect == "answers" and name not in UNSEEN]
# It takes half a second for each of hundreds of requests.
TOO_SLOW = "load-half-a-second"
MODELS = ("pair", "digits")


@pytest.mark.parametrize("name", SAMPLE)
def test_effect_of_a_sample(name: str) -> None:
    assert answers(variant=name, models=MODELS) != answers(models=MODELS)


@pytest.mark.slow
@pytest.mark.battery
@pytest.mark.parametrize("name", SEEN)
def test_effect_of_each(name: str) -> None:
    assert answers(variant=name, models=MODELS) != answers(models=MODELS)


@pytest.mark.slow
@pytest.mark.battery
@pytest.mark.parametrize("name", [name for name in OVER_REST if name != TOO_SLOW])
def test_no_variant_breaks_down(name: str) -> None:
    for what, answer in answers(variant=name, models=("echo-bytes", "echo-fp64", "fixed")):
        assert not isinstance(answer, str), (what, answer)
        assert isinstance(answer, bytes) or answer[0] != 500, (what, answer)  # type: ignore[index]
