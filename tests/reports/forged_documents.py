"""The document changed, with all that is made of it, as if another build had made it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.reports.forging import documented, failing, forgery, passed


@forgery("a verdict of the document, and all that is made of it", "check ")
def verdict_of_document(folder: Path) -> None:
    documented(folder, lambda document: passed(failing([{"data": each} for each in document["checks"]])))


@forgery("a count of the document, and all that is made of it", "its cases is")
def count_of_document(folder: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["checks"][0]["cases"] += 1000

    documented(folder, change)


@forgery("a bound of the document, and all that is made of it", "figures of accuracy")
def bound_of_document(folder: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["accuracy"][0]["metrics"][0]["lower"] = 0.99

    documented(folder, change)


@forgery("the state of a duty, and all that is made of it", "duty ")
def duty_of_document(folder: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        duty = next(each for each in document["duties"] if each["state"] == "contradicted")
        duty |= {"state": "supported", "against": [], "held": duty["required"]}

    documented(folder, change)


@forgery("a finding left out of the document, and all that is made of it", "no finding says so")
def finding_left_out(folder: Path) -> None:
    documented(folder, lambda document: document["summary"]["findings"].clear())


@forgery("the headline of the document, and all that is made of it", "its statement ")
def headline_of_document(folder: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        summary = document["summary"]
        places = [n for n, each in enumerate(summary["kinds"]) if each["kind"] != "duties_contradicted"]
        summary |= {name: [summary[name][n] for n in places] for name in ("kinds", "statements")}

    documented(folder, change)


@forgery("a verdict on a clause, and all that is made of it", "clause ")
def clause_of_document(folder: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        document["catalogue"]["clauses"][0]["verdict"] = "pass"

    documented(folder, change)


@forgery("who answers for the report, and all that is made of it", "report.responsible")
def person_of_document(folder: Path) -> None:
    documented(folder, lambda document: document["report"]["responsible"].append("Sam Example"))


@forgery("a criterion in the document, and all that is made of it", "its plan ")
def criterion_of_document(folder: Path) -> None:
    documented(folder, lambda document: document["plan"]["criteria"].pop())
