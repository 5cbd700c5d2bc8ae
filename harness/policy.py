"""The operator's own words: what is declared, what must hold, what may be sent, who answers for it (TOML).

An unknown key stops the run: a typing error must not silently empty a criterion.
"""

from __future__ import annotations

import datetime
import difflib
import hashlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

RiskClass = Literal["annex-iii", "annex-i", "not-high-risk", "not-stated"]

CRITERIA: Mapping[str, str] = MappingProxyType(
    {
        "no-crash": "the endpoint still serves after every request",
        "no-hang": "every request gets an answer within the time for one request",
        "no-leak": "no answer or memory of another request",
        "no-silent-change": "no silently changed value",
        "same-answer": "same input, same answer (unless the model declares itself nondeterministic)",
        "ready-infers": "ready means able to infer",
        "no-open-access": "no access without the credentials that are required",
    }
)
"""The default policy: what fails whatever the protocol says of it. A check names them in ``criteria=``."""

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "no-disclosure": "nothing of the inside: no stack trace, path, environment, internal host, list of versions",
        "no-secrets": "no key, token or password in what anybody may read",
        "no-markup-echo": "no markup of a request comes back as a web page",
        "no-stray-pages": "no file, debugging page or environment beside the service",
        "closed-to-other-origins": "other web sites cannot use the service with a visitor's credentials",
        "closed-management": "management calls need rights of their own (only where the policy asks)",
        "current-tls": "no version of TLS before 1.2, and no plain HTTP on the same port",
        "one-name": "a model answers to its own name alone, in one segment of the path, as rules for paths expect",
        "plain-length": "a length counts only where a header of its own says it",
        "one-length": "a request whose length is said in two ways gets one answer at most, and ends its connection",
        "serves-others": "cheap requests of one client do not hold up another's",
    }
)
"""Good practice that no clause asks for: a warning, never a failure. A check names them in ``advice=``."""

DEFAULT_CRITERIA = tuple(f"{name}: {text}" for name, text in CRITERIA.items())
DEFAULT_ADVICE = tuple(f"{name}: {text}" for name, text in ADVICE.items())


class PolicyError(Exception):
    """The policy file cannot be used; one line that says where and what to write instead."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ReportTable(_Table, frozen=True, kw_only=True):
    """``[report]``: who asked, who ran, who answers for it."""

    title: str = "Article 15 evidence report"
    customer: str | None = None
    operator: str | None = None
    responsible: list[str] = []
    replaces: str | None = None


class ItemTable(_Table, frozen=True, kw_only=True):
    """``[item]``: what the provider declares of the system; printed apart from what was measured."""

    system: str | None = None
    provider: str | None = None
    version: str | None = None
    intended_purpose: str | None = None
    lifecycle_stage: str | None = None
    risk_class: RiskClass = "not-stated"


class BudgetTable(_Table, frozen=True, kw_only=True):
    """``[budget]``: the same limits as the command line, which wins where both are given."""

    max_rate: float | None = None
    max_requests: int | None = None
    time: float | None = None
    request_timeout: float = 10.0
    body_mebibytes: int = 16


class CriteriaTable(_Table, frozen=True, kw_only=True):
    """``[criteria]``: where the specification leaves the severity to the operator."""

    server_error_for_client_mistake: Literal["warn", "fail"] = "warn"
    # What it means if nobody is asked for credentials though some were given: nothing, or open access.
    credentials: Literal["as-seen", "required"] = "as-seen"
    management_reachable: Literal["observe", "warn", "fail"] = "observe"


class SampleTable(_Table, frozen=True, kw_only=True):
    """``[samples.MODEL]``: inputs that the model takes.

    Either ``requests``, one JSON body a line, or ``data``: a table (npz, csv, parquet) whose arrays or columns are
    named after the inputs; or both.
    """

    requests: str | None = None
    data: str | None = None
    sensitive: bool = False


class ModelTable(_Table, frozen=True, kw_only=True):
    """``[models.NAME]``: what the provider declares of one model."""

    nondeterministic: bool = False


class WaiverTable(_Table, frozen=True, kw_only=True):
    """``[[waivers]]``: a known finding that the operator accepts until a date."""

    slug: str
    owner: str
    reason: str
    expires: datetime.date
    model: str | None = None


class DutyTable(_Table, frozen=True, kw_only=True):
    """``[[not_applicable]]``: a duty that the operator declares not applicable, with reason and name."""

    duty: str
    reason: str
    declared_by: str


class Policy(_Table, frozen=True, kw_only=True):
    """The whole file; every table is optional and the default is what an empty file says."""

    report: ReportTable = ReportTable()
    item: ItemTable = ItemTable()
    budget: BudgetTable = BudgetTable()
    criteria: CriteriaTable = CriteriaTable()
    samples: dict[str, SampleTable] = {}
    models: dict[str, ModelTable] = {}
    waivers: list[WaiverTable] = []
    not_applicable: list[DutyTable] = []


def load_policy(path: Path | None) -> tuple[Policy, str | None]:
    """The policy and the SHA-256 of its file; the default policy and None without a file.

    Raises:
        PolicyError: unreadable, not TOML, an unknown key, or a value of the wrong type.
    """
    if path is None:
        return Policy(), None
    try:
        data = path.read_bytes()
        return msgspec.convert(tomllib.loads(data.decode()), Policy), hashlib.sha256(data).hexdigest()
    except OSError as error:
        raise PolicyError(f"policy {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"policy {path} is not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise PolicyError(f"policy {path}: {_explain(str(error))}") from error


def _explain(message: str) -> str:
    """Add the nearest right key to msgspec's message about an unknown one."""
    unknown = re.search(r"unknown field `([^`]+)`(.*)", message)
    if unknown is None:
        return message
    tables: list[type[msgspec.Struct]] = [*_Table.__subclasses__()] if "at `" in unknown.group(2) else [Policy]
    known = {name for table in tables for name in table.__struct_fields__}
    near = difflib.get_close_matches(unknown.group(1), known, n=1)
    return f"{message}; did you mean {near[0]!r}?" if near else message
