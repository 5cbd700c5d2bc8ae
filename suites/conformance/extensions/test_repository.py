"""The repository's index (Triton extension_model_repository.md, "Index")."""

from __future__ import annotations

from typing import Any

from harness.check import check
from harness.endpoint.known import value_of
from harness.judging.extensions import claim
from harness.judging.repository import MOST_ROWS, index, infers, is_listed, of_name, rows_of
from harness.probing.json_values import json_type, shown
from harness.probing.probe import Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange

MEMBERS = ("version", "state", "reason")


@check(
    "repository-index-lists-models",
    clauses=["REPO-01"],
    duties=["A15-4-d"],
    criterion="the index is a JSON array of objects with string names under the status 200, the models under test too",
    faults=["index-object", "index-name-number", "index-status-201"],
    fix="Answer POST v2/repository/index with an array of objects, each with a string name.",
)
def repository_index_lists_models(probe: Probe) -> None:
    """The index of the repository lists the models by name.

    POST of an empty object. Applies where server metadata lists model_repository; an index that is not listed can pass,
    and is left alone where it is something else. Every model under test that infers has to be among the entries.
    """
    listed = is_listed(probe)
    exchange = index(probe)
    if not listed and not (exchange.ok and isinstance(value_of(exchange), list)):
        probe.not_applicable(f"model_repository is not listed, and there is no index ({status_of(exchange)})")

    def case(condition: bool, expected: str, observed: str) -> bool:
        return claim(probe, listed, condition, clause="REPO-01", expected=expected, observed=observed,
                     exchange=exchange)  # fmt: skip

    value = value_of(exchange)
    good = exchange.ok and isinstance(value, list)
    if not case(good, "status 200 and an array", f"{status_of(exchange)}, {json_type(value)}"):
        return
    assert isinstance(value, list)
    for name in probe.endpoint.unsendable[:20]:
        probe.holds(False, clause="REPO-01", expected="names that a path can hold", exchange=exchange, mild=True,
                    observed=f"a name with half a surrogate pair: {name!a}")  # fmt: skip
    for row in value[:MOST_ROWS]:
        named = isinstance(row, dict) and isinstance(row.get("name"), str)
        case(named, "an object with a string name", shown(row))
    for model in probe.endpoint.models:
        if of_name(exchange, model.name) or not infers(model):
            continue
        case(False, f"an entry for {model.name!r}, which infers", f"{len(value)} entries, none of that name")


@check(
    "repository-index-members",
    clauses=["REPO-02"],
    duties=["A15-4-d"],
    criterion="version, state and reason of an index entry are strings or absent",
    needs=["repository-index-lists-models"],
    faults=["index-state-number", "index-version-number", "index-reason-null"],
    fix="Send version, state and reason as strings, or leave them out.",
)
def repository_index_members(probe: Probe) -> None:
    """Members of an index entry are strings where they are there.

    The document shows state and reason as mandatory and Triton leaves them out: absence is recorded.
    """
    exchange = index(probe)
    for row in rows_of(exchange)[:MOST_ROWS]:
        wrong = {name: row[name] for name in MEMBERS if name in row and not isinstance(row[name], str)}
        observed = ", ".join(f"{name}: {shown(value)}" for name, value in wrong.items()) or "strings"
        claim(probe, is_listed(probe), not wrong, clause="REPO-02", expected="strings", observed=observed,
              exchange=exchange)  # fmt: skip
        probe.observe(f"{row['name']}: without {', '.join(each for each in MEMBERS if each not in row) or 'nothing'}")


@check(
    "repository-index-state-ready",
    clauses=["REPO-03"],
    duties=["A15-4-d"],
    criterion="where a state is given, one entry of a model that infers has the state READY",
    needs=["repository-index-lists-models"],
    faults=["index-state-loaded", "index-state-small", "index-state-number"],
    fix="Use the states READY, UNAVAILABLE, LOADING and UNLOADING.",
)
def repository_index_state_ready(probe: Probe) -> None:
    """A model that can infer has the state READY.

    Looks at the entries of every model under test that answers its accepted request. Of several versions, one has to be
    ready. Entries without a state are recorded.
    """
    exchange = index(probe)
    asked = 0
    for model in probe.endpoint.models:
        states = [row["state"] for row in of_name(exchange, model.name) if "state" in row]
        if not states or not infers(model):
            continue
        asked += 1
        claim(probe, is_listed(probe), "READY" in states, clause="REPO-03", expected=f"READY for {model.name!r}",
              observed=", ".join(map(shown, states)), exchange=exchange)  # fmt: skip
    if not asked:
        probe.not_applicable("no entry of a model that infers has a state")


@check(
    "repository-index-ready-only",
    clauses=["REPO-04"],
    duties=["A15-4-d"],
    criterion="with ready true every entry can infer and no model that infers is missing; false is the default",
    needs=["repository-index-lists-models"],
    faults=["index-ready-empty"],
    fix="Filter the index by readiness where the request says ready true, and only there.",
)
def repository_index_ready_only(probe: Probe) -> None:
    """The index can be limited to models that are ready.

    Asked with ready true, false and without: nothing that calls itself anything but READY may be on the first list, no
    model under test that infers may be missing from it, and the other two are the same. (That an unloaded model leaves
    the list is seen where unloading is allowed: repository-unload-and-load.)
    """
    plain, no, yes = index(probe), index(probe, b'{"ready":false}'), index(probe, b'{"ready":true}')

    def case(condition: bool, expected: str, observed: str, exchange: Exchange) -> None:
        claim(probe, is_listed(probe), condition, clause="REPO-04", expected=expected, observed=observed,
              exchange=exchange)  # fmt: skip

    good = yes.ok and isinstance(value_of(yes), list)
    case(good, "status 200 and an array", f"ready true: {status_of(yes)}", yes)
    same = _names(no) == _names(plain)
    case(no.ok and same, "ready false is as without", f"{_words(no)} against {_words(plain)}", no)
    # A server that has other words for its states is a matter of REPO-03.
    usual = "READY" in {row.get("state") for row in rows_of(plain)}
    unready = [row for row in rows_of(yes) if usual and row.get("state", "READY") != "READY"]
    case(not unready, "only what is ready", ", ".join(map(shown, unready)) or "so it is", yes)
    missing = [each.name for each in probe.endpoint.models
               if good and not of_name(yes, each.name) and of_name(plain, each.name)
               and infers(each)]  # fmt: skip
    case(not missing, "every model that infers", f"missing: {', '.join(missing) or 'none'}", yes)


@check(
    "repository-index-without-body",
    clauses=["REPO-05"],
    duties=["A15-4-d"],
    criterion="an index request without a body is answered with the index or refused",
    needs=["repository-index-lists-models"],
    faults=["index-without-body-moved"],
    fix="Take an absent body for an empty object, or answer 400.",
)
def repository_index_without_body(probe: Probe) -> None:
    """An index request without a body is answered or refused.

    The body is called required though its only member is optional: 200 with the same list and a refusal are right.
    """
    exchange, plain = index(probe, None), index(probe)
    probe.observe(f"no body is answered {status_of(exchange)}")
    good = refused(exchange) or (exchange.ok and _names(exchange) == _names(plain))
    observed = f"{status_of(exchange)}, {_words(exchange)}"
    claim(probe, is_listed(probe), good, clause="REPO-05", expected="the index or an error status", observed=observed,
          exchange=exchange)  # fmt: skip


def _names(exchange: Exchange) -> list[tuple[str, Any]]:
    return sorted((row["name"], str(row.get("version", ""))) for row in rows_of(exchange))


def _words(exchange: Exchange) -> str:
    names = _names(exchange)
    return f"{len(names)} entries ({', '.join(name for name, _ in names[:5])})" if names else "no entries"
