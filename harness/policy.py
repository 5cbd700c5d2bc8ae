"""The operator's own words: what is declared, what must hold, what may be sent, who answers for it (TOML).

An unknown key stops the run: a typing error must not silently empty a criterion.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from harness.data.declared import AccuracyTable, data_rooted
from harness.declared.judged import CriteriaTable, ModelTable, SampleTable
from harness.declared.load import LoadTable
from harness.declared.rollout import RolloutTable
from harness.declared.running import BudgetTable, EndpointTable, LimitsTable, ServiceTable
from harness.declared.table import PolicyTable
from harness.declared.told import DutyTable, ItemTable, ReportTable, WaiverTable
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

POLICY_BYTES = 1 << 18


class PolicyError(Exception):
    """The policy file cannot be used; one line that says where and what to write instead."""


class Policy(PolicyTable, frozen=True, kw_only=True):
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
