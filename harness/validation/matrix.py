"""Which cases a validation covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from harness.check import Check, Registry
from harness.run.method_validation import PART_NAMES, PartName
from harness.suite import suites
from harness.validation.cases import Case, Side, reference_inventory
from harness.validation.parts import in_parts
from harness.validation.two_sided import with_needs

# The clean server is probed with all its models when everything is validated, otherwise (and with --group) with those
# of the suites of the protocol, and a variant by every check on one.
MODELS_AT_ONCE = 5
GROUP_MODELS = next(suite.validation.models for suite in suites() if suite.protocol)
VARIANT_MODELS = ("pair",)
# Suites whose checks are asked in runs of their own: under load, by a policy, or with a candidate.
APART = {suite.name: suite.validation for suite in suites() if suite.validation.apart}


@dataclass(frozen=True, slots=True)
class Selection:
    """What to validate; empty means everything.

    Attributes:
        faults, variants, slugs: names; other faults, variants and checks are left out.
        group: each fault against the clause groups of its checks only, and fewer models.
        seeds: also search that often, with as many seeds, for each fault that a search finds, and probe each variant
            that is named.
        without_variants: leave out the variants that nobody named.
        parts: these of everything; what the document says of the others stays.
    """

    faults: Sequence[str] = ()
    variants: Sequence[str] = ()
    slugs: Sequence[str] = ()
    group: bool = False
    seeds: int = 0
    without_variants: bool = False
    parts: Sequence[PartName] = ()

    @property
    def everything(self) -> bool:
        """Whether nothing was singled out."""
        return not (self.faults or self.variants or self.slugs)

    @property
    def whole_parts(self) -> tuple[PartName, ...]:
        """The parts of which nothing is left out."""
        if not self.everything or self.without_variants:
            return ()
        wanted = self.parts or PART_NAMES
        return tuple(name for name in PART_NAMES if name in wanted and (self.seeds or name != "seeds"))


def cases_for(selection: Selection, registry: Registry, inventory: Mapping[str, Any]) -> list[Case]:
    """The clean server first, then faults and variants as selected."""
    listed = {row["name"]: row for row in inventory["faults"]}
    benign = {row["name"]: row for row in inventory["variants"]}
    wanted = [check for check in registry if not selection.slugs or check.slug in selection.slugs]
    names = list(selection.faults) or [] if selection.variants and not selection.slugs else list(selection.faults)
    if not names and (selection.everything or selection.slugs):
        of_checks = dict.fromkeys(name for check in wanted for name in check.faults)
        names = list(of_checks) if selection.slugs else list(dict.fromkeys([*of_checks, *listed]))
    unknown = [name for name in names if name not in listed]
    if unknown:
        raise LookupError(f"no seeded fault {', '.join(unknown)}; see python -m harness.reference --list")
    strange = [name for name in selection.variants if name not in benign]
    if strange:
        raise LookupError(f"no benign variant {', '.join(strange)}; see python -m harness.reference --list")
    variants = list(selection.variants)
    if selection.everything and not selection.without_variants:
        variants = [row["name"] for row in inventory["variants"]]
    # What only looks at what others provoke needs all of them.
    narrow = bool(selection.slugs) and not any(check.passive for check in wanted)
    among = [check for check in wanted if check.suite not in APART]
    slugs = tuple(check.slug for check in _with_needs(among, registry)) if narrow else ()
    apart = _apart(wanted, registry)
    whole = selection.everything and not selection.without_variants
    parts = _parts(inventory["models"], MODELS_AT_ONCE) if whole else _parts(GROUP_MODELS, 2)
    cases = [Case("clean", "clean", part, slugs, _over_grpc(slugs, registry)) for part in parts if among]
    cases += [_suite_case("clean", "clean", suite, mine, registry) for suite, mine in apart.items()]
    faults = [case for name in names for case in _fault_cases(listed[name], slugs, wanted, selection, registry)]
    if selection.faults and selection.group and not variants:
        cases = _clean_beside(faults, registry)
    cases += faults
    cases += [case for name in names for case in _tries(listed[name], wanted, registry, selection.seeds)]
    for name in variants:
        variant = benign[name]
        cases += [_suite_case("variant", name, suite, mine, registry, models=1) for suite, mine in apart.items()
                  if _meets(variant["effect"], suite, selection)]  # fmt: skip
        if variant["effect"] == "load" or not among:
            continue
        few = selection.group or not selection.everything or not variant["lists_models"]
        # Where every request takes its time, one model says as much as all.
        models = VARIANT_MODELS if few or variant["effect"] == "slow" else ()
        once = Case("variant", name, models, slugs, _over_grpc(slugs, registry))
        # All of them with every seed would take days.
        cases += [once, *(replace(once, seed=seed) for seed in range(selection.seeds if selection.variants else 0))]
    return in_parts(cases, selection.parts)


def _apart(checks: Sequence[Check], registry: Registry) -> dict[str, tuple[str, ...]]:
    """Suite -> the checks of it that are asked in runs of their own, with what they need."""
    found: dict[str, tuple[str, ...]] = {}
    for suite in APART:
        mine = _with_needs([check for check in checks if check.suite == suite], registry)
        if mine:
            found[suite] = tuple(check.slug for check in mine)
    return found


def _suite_case(
    side: Side, name: str, suite: str, slugs: tuple[str, ...], registry: Registry, models: int | None = None
) -> Case:
    """The checks of a suite that is asked apart, on the first few of its models, or on all."""
    return Case(side, name, APART[suite].models[:models], slugs, _over_grpc(slugs, registry), suite=suite)


def _meets(effect: str, suite: str, selection: Selection) -> bool:
    """Whether a variant of this effect says something of the suite, in the time that it takes."""
    if APART[suite].alone:
        return effect == "load" and not selection.slugs
    # A policy asks of hundreds of rows what one row would show where every request takes its time.
    return effect == "answers"


def _fault_cases(
    row: Mapping[str, Any], slugs: tuple[str, ...], wanted: Sequence[Check], selection: Selection, registry: Registry
) -> list[Case]:
    """One fault before the checks that are asked together, and before each suite that is asked apart and names it."""
    name = row["name"]
    own = tuple(row.get("models", ()))
    naming = [check for check in registry if name in check.faults]
    among = [check for check in naming if check.suite not in APART]
    # One check of such a suite takes as long as ten groups: those that name the fault alone.
    apart = _apart([check for check in naming if check in wanted], registry)
    cases = [Case("fault", name, own or APART[suite].models, mine, _over_grpc(mine, registry), suite=suite)
             for suite, mine in apart.items()]  # fmt: skip
    if cases and not among:
        return cases
    asked = slugs or (_group_of(row, registry) if selection.group else ())
    # A check over both transports finds what shows over gRPC alone only where there is that side.
    grpc = row.get("transport") == "grpc" or _over_grpc(asked, registry)
    return [*cases, Case("fault", name, own or _models_for(among), asked, grpc)]


def _clean_beside(faults: Sequence[Case], registry: Registry) -> list[Case]:
    """The clean server, asked by the checks that the faults are asked by, and on their models where those are few."""
    cases = []
    for suite in dict.fromkeys(case.suite for case in faults):
        mine = [case for case in faults if case.suite == suite]
        everything = any(not case.checks for case in mine)
        slugs = () if everything else tuple(dict.fromkeys(slug for case in mine for slug in case.checks))
        if suite:
            cases.append(_suite_case("clean", "clean", suite, slugs, registry))
            continue
        models = tuple(dict.fromkeys(model for case in mine for model in case.models))
        parts = _parts(min(models, GROUP_MODELS, key=len), MODELS_AT_ONCE if slugs else 2)
        cases += [Case("clean", "clean", part, slugs, _over_grpc(slugs, registry)) for part in parts]
    return cases


def _parts(models: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """Models, a few at a time: one run with all of them would take as long as a hundred others."""
    return [tuple(models[start : start + size]) for start in range(0, len(models), size)]


def _models_for(naming: Sequence[Check]) -> tuple[str, ...]:
    """Models to show a fault on that shows on any."""
    if naming and all(check.passive for check in naming):
        return VARIANT_MODELS  # every check runs there
    named = {check.suite for check in naming}
    asked = [suite.validation.models for suite in suites() if suite.name in named]
    return max(asked, key=len, default=GROUP_MODELS)


def _tries(fault: Mapping[str, Any], checks: Sequence[Check], registry: Registry, seeds: int) -> list[Case]:
    """Searches for one fault with one seed each, by the checks that search and name it."""
    searching = [check for check in checks if check.kind == "search" and fault["name"] in check.faults]
    if not searching:
        return []
    slugs = tuple(check.slug for check in _with_needs(searching, registry))
    models = tuple(fault.get("models", ()))[:2] or GROUP_MODELS[:1]
    return [Case("fault", fault["name"], models, slugs, _over_grpc(slugs, registry), seed) for seed in range(seeds)]


def _over_grpc(slugs: Sequence[str], registry: Registry) -> bool:
    """Whether any of the checks (none named: all) needs the gRPC side, which takes a moment to start."""
    return not slugs or any(registry.checks[slug].transport != "rest" for slug in slugs)


def rotating(side: Literal["faults", "variants"], count: int | None, day: int | None = None) -> tuple[str, ...]:
    """``count`` faults (variants) that change every day (UTC), so that all of them come round; None takes them all.

    ``day`` counts from year 1.
    """
    names = sorted(row["name"] for row in reference_inventory()[side])
    if count is None:
        return tuple(names)
    first = (datetime.now(UTC).toordinal() if day is None else day) * count
    return tuple(names[(first + step) % len(names)] for step in range(min(count, len(names))))


def _group_of(fault: Mapping[str, Any], registry: Registry) -> tuple[str, ...]:
    """The checks of the clause groups that should find a fault: those that name it, else those of its clauses."""
    broken = set(fault.get("clauses", ()))
    naming = [check for check in registry if fault["name"] in check.faults]
    if any(check.passive for check in naming):
        return ()
    groups = {(check.suite, check.group) for check in naming}
    groups = groups or {(check.suite, check.group) for check in registry if broken & {*check.asked}}
    inside = [check for check in registry if (check.suite, check.group) in groups and check.suite not in APART]
    return tuple(check.slug for check in _with_needs(inside, registry))


def _with_needs(checks: Sequence[Check], registry: Registry) -> list[Check]:
    return list(with_needs(checks, registry.checks).values())
