"""What must hold beside the protocol, and what models take and are."""

from __future__ import annotations

from typing import Literal

from harness.declared.table import PolicyTable


class CriteriaTable(PolicyTable, frozen=True, kw_only=True):
    """``[criteria]``: where the specification leaves the severity to the operator.

    Attributes:
        server_error_for_client_mistake: what a status of 500 to 599 for a mistake of the client counts as.
        credentials: what it means if nobody is asked for credentials though some were given: nothing, or open access.
        management_reachable: what it counts as that models can be unloaded or loaded without credentials.
    """

    server_error_for_client_mistake: Literal["warn", "fail"] = "warn"
    credentials: Literal["as-seen", "required"] = "as-seen"
    management_reachable: Literal["observe", "warn", "fail"] = "observe"


class SampleTable(PolicyTable, frozen=True, kw_only=True):
    """``[samples.MODEL]``: inputs that the model takes.

    Either ``requests``, one JSON body a line, or ``data``: a table (npz, csv, parquet) whose arrays or columns are
    named after the inputs; or both.

    Attributes:
        requests: file of JSON bodies, one a line, relative to the policy.
        data: file of inputs, relative to the policy.
        sensitive: of every inference of the run, of whatever model, only size, status and times are kept.
    """

    requests: str | None = None
    data: str | None = None
    sensitive: bool = False


class ModelTable(PolicyTable, frozen=True, kw_only=True):
    """``[models.NAME]``: what the provider declares of one model.

    Attributes:
        nondeterministic: whether the same request may get other values each time.
        several_versions: which version answers where none is asked for may change, as while traffic is split.
    """

    nondeterministic: bool = False
    several_versions: bool = False
