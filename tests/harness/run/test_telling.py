"""What a budget is spent on: the most telling checks first, each after what it stands on, and no more than there is."""

from __future__ import annotations

import json

from harness.budget import Budget, Limits
from harness.check import Check, Registry
from harness.run.checks import load_checks
from harness.run.planning.order import in_order
from harness.run.planning.purse import LEFT_OUT, Purse
from harness.run.planning.telling import COSTS, Prices, most_telling_first
from tests.harness.run.test_order import Item

QUIET = [check for check in load_checks()[0] if check.allow is None]
CATALOGUE = load_checks()[1]
PRICES = Prices("standard")


def by_slug(slug: str) -> Check:
    return next(check for check in QUIET if check.slug == slug)


def test_every_check_has_a_place_after_what_it_needs() -> None:
    places = most_telling_first(QUIET, CATALOGUE, PRICES)
    assert sorted(places.values()) == list(range(len(QUIET)))
    for check in QUIET:
        assert all(places[need] < places[check.slug] for need in check.needs if need in places), check.slug


def test_basics_come_before_searches_and_repetition() -> None:
    places = most_telling_first(QUIET, CATALOGUE, PRICES)
    basics = ("rest-live-answers-200", "rest-infer-answers-200", "rest-error-object", "rest-infer-echoes-id",
              "rest-refuses-wrong-types", "security-no-access-without-credentials", "security-errors-hide-internals",
              "rest-infer-shapes-concrete", "rest-model-metadata-tensors")  # fmt: skip
    searches = [places[check.slug] for check in QUIET if check.kind == "search"]
    assert all(places[slug] < min(searches) for slug in basics)


def test_what_the_basics_cost_fits_the_budget_of_the_readme() -> None:
    places = most_telling_first(QUIET, CATALOGUE, PRICES)
    needed = max(places[slug] for slug in ("rest-error-object", "rest-infer-echoes-id", "rest-model-ready-answers-200"))
    spent = sum(
        PRICES.of(check).requests * (3 if check.per == "model" else 1)
        for check in QUIET
        if places[check.slug] <= needed
    )
    assert spent <= 400


def test_a_check_is_carried_out_on_all_models_before_the_next() -> None:
    checks = [by_slug("rest-infer-echoes-id"), by_slug("rest-infer-answers-200")]
    items = [Item(check) for _ in range(3) for check in checks]
    registry = Registry({check.slug: check for check in QUIET})
    order = [item.check.slug for item in in_order(items, registry, most_telling_first(checks, CATALOGUE, PRICES))]
    assert order == ["rest-infer-answers-200"] * 3 + ["rest-infer-echoes-id"] * 3


def test_costs_are_of_checks_that_there_are() -> None:
    known = {check.slug for check in load_checks()[0]}
    for profile in json.loads(COSTS.read_bytes())["profiles"].values():
        assert set(profile) <= known


def purse(requests: int | None = None, seconds: float | None = None, rate: float | None = None) -> Purse:
    return Purse(Budget(Limits(rate, requests, seconds)), PRICES, models=1)


def test_without_limits_nothing_is_left_out() -> None:
    assert not purse(rate=1.0).limited
    assert purse(rate=1.0).refusal("x", by_slug("adversarial-answers-repeat")) is None


def test_a_large_check_is_passed_over_for_smaller_ones() -> None:
    little = purse(requests=40)
    left_out = little.refusal("large", by_slug("adversarial-answers-repeat"))
    assert left_out is not None
    assert (left_out.reason, left_out.unreached) == (LEFT_OUT, "budget")
    assert little.refusal("small", by_slug("rest-live-answers-200")) is None


def test_time_counts_by_the_rate_and_by_how_long_the_endpoint_takes() -> None:
    ids = by_slug("rest-infer-echoes-id")
    assert purse(seconds=10.0).refusal("x", ids) is None
    assert purse(seconds=10.0, rate=1.0).refusal("x", ids) is not None
    slow = purse(seconds=100.0)
    slow.spent(10, 300.0)
    assert slow.refusal("x", ids) is not None


def test_what_frames_the_run_is_kept_back_for_or_left_out_as_a_whole() -> None:
    frame = [(slug, by_slug(slug)) for slug in ("adversarial-probe-set-before", "adversarial-probe-set-after")]
    little, enough = purse(requests=500), purse(requests=1000)
    for one in (little, enough):
        one.plan(frame)
    assert [little.refusal(*item) is None for item in frame] == [False, False]
    assert enough.refusal(*frame[0]) is None
    # 1000 less the 357 that the last one takes: one search fits, and the last one is carried out in the end.
    assert enough.refusal("x", by_slug("adversarial-sequences")) is None
    assert purse(requests=800).refusal("x", by_slug("adversarial-sequences")) is None
    tight = purse(requests=800)
    tight.plan(frame)
    assert tight.refusal("x", by_slug("adversarial-sequences")) is not None
    assert tight.refusal(*frame[1]) is None


def test_what_only_has_to_be_first_takes_little_of_a_budget() -> None:
    alone = ("adversarial-first-of-its-kind", by_slug("adversarial-first-of-its-kind"))
    little, ample = purse(requests=300), purse(requests=3000)
    little.plan([alone])
    ample.plan([alone])
    assert little.refusal(*alone) is not None
    assert ample.refusal(*alone) is None


def test_a_profile_hurries_only_where_its_time_may_not_do() -> None:
    plan = [(check.slug, check) for check in QUIET]

    def by_profile(takes: float, requests: int | None = None) -> Purse:
        made = Purse(Budget(Limits(None, requests, 1800.0, by_profile=True)), PRICES, models=1)
        made.seen(takes)
        return made

    assert not by_profile(0.001).hurries(plan)
    assert by_profile(9.0).hurries(plan)
    assert by_profile(0.001, requests=500).hurries(plan)
    assert purse(seconds=60.0).hurries(plan)
    assert not purse().hurries(plan)


def test_what_an_endpoint_was_seen_to_take_counts_before_the_first_check() -> None:
    slow = purse(seconds=100.0)
    slow.seen(30.0)
    assert slow.refusal("x", by_slug("rest-infer-echoes-id")) is not None


def test_what_is_kept_back_for_is_let_go_once_it_would_take_most_of_the_time() -> None:
    frame = [(slug, by_slug(slug)) for slug in ("adversarial-probe-set-before", "adversarial-probe-set-after")]
    found = purse(seconds=60.0)
    found.plan(frame)
    assert found.refusal(*frame[0]) is None
    found.spent(27, 3.2)
    assert found.refusal("x", by_slug("rest-infer-echoes-id")) is None
    assert found.refusal(*frame[1]) is not None


def test_prices_know_that_access_costs_with_credentials_only() -> None:
    access = by_slug("security-no-access-without-credentials")
    assert Prices("standard", credentials=True).of(access).requests > PRICES.of(access).requests
    search = by_slug("adversarial-answers-repeat")
    assert Prices("deep").of(search).requests > PRICES.of(search).requests
