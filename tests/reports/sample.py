"""What the sample run is about: its catalogue, its model, its circumstances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

RUN_ID = "7f3a9c21"

CLAUSES = [
    ("REST-HTTP-01", "rest", "routing", "must", "Six REST operations exist with fixed verbs."),
    ("REST-META-01", "rest", "metadata", "must", "The server metadata names the server and its version."),
    ("REST-RESP-04", "rest", "inference", "must", "An id in the request is returned unchanged in the response."),
    ("REST-RESP-05", "rest", "inference", "must", "Every requested output is in the response, and no other."),
    ("REST-ERR-01", "rest", "errors", "must", "An error answer has a JSON object with a string member error."),
    ("REST-ERR-02", "rest", "errors", "should", "A mistake of the client is answered with a status of 400 to 499."),
    ("REST-ERR-03", "rest", "errors", "should", "An unknown model is answered with status 404."),
    ("REST-HTTP-02", "rest", "routing", "ambiguous", "The metadata path may end in a slash; the documents disagree."),
    ("REST-PAR-01", "rest", "parameters", "may", "A server may ignore parameters that it does not know."),
    ("REST-INT-01", "rest", "inference", "must", "The server keeps no state between requests."),
    ("REST-BIN-01", "rest", "binary", "must", "A binary tensor follows the JSON part of the message."),
    ("GRPC-META-01", "grpc", "metadata", "must", "ServerMetadata answers with name, version and extensions."),
    ("GRPC-INF-01", "grpc", "inference", "must", "ModelInfer answers with the outputs that were asked for."),
]
DUTIES = [
    ("A15-1-a", "15(1)", "shall", "Reach an accuracy level that is appropriate.", True),
    ("A15-1-d", "15(1)", "shall", "Perform consistently for the whole lifecycle.", True),
    ("A15-2-x", "15(2)", "info", "The Commission encourages benchmarks and measurement methods.", False),
    ("A15-3-a", "15(3)", "shall", "Declare accuracy levels in the instructions of use.", False),
    ("A15-4-a", "15(4)", "shall", "Be as resilient as possible to faults inside the system.", True),
    ("A15-4-c", "15(4)", "shall", "Be resilient to errors from interaction with natural persons.", True),
    ("A15-4-d", "15(4)", "shall", "Be resilient to errors from interaction with other systems.", True),
    ("A15-4-j", "15(4)", "shall", "Keep biased outputs from feeding later inputs.", False),
    ("A15-5-c", "15(5)", "shall", "Be resilient to third parties altering its performance.", True),
    ("A15-5-e", "15(5)", "shall", "Have measures against data poisoning.", False),
]


# (slug, per, duties): every check that there is, as the journal lists them.
CHECKS = [
    ("rest-six-operations-exist", "server", ["A15-4-d"]),
    ("rest-server-metadata-names-server", "server", ["A15-4-d"]),
    ("rest-infer-echoes-id", "model", ["A15-4-d"]),
    ("rest-infer-errors-are-json", "model", ["A15-4-c"]),
    ("rest-repeat-gives-same-answer", "model", ["A15-1-d"]),
    ("rest-unknown-model-404", "model", ["A15-5-c"]),
]
AREAS = ("routing", "metadata", "inference", "errors", "parameters", "binary")


def opened() -> dict[str, Any]:
    return {
        "run_id": RUN_ID,
        "endpoint": "http://127.0.0.1:8080",
        "authority": "127.0.0.1:8080",
        "tester": {
            "name": "art15",
            "version": "0.1.0",
            "commit": "0123456789abcdef0123456789abcdef01234567",
            "python": "CPython 3.11.9",
            "platform": "Linux 6.1 x86_64",
            "packages": {"httpx": "0.28.1", "msgspec": "0.22.0"},
        },
        "config_given": {"endpoint": "http://127.0.0.1:8080", "profile": "standard"},
        "config_defaulted": {"seed": "15", "max_rate": "no limit"},
        "report": {
            "title": "Article 15 evidence report",
            "customer": "Example Hospital",
            "operator": None,
            "responsible": ["J. Doe"],
            "replaces": None,
        },
        "declared": {
            "system": "Triage aid",
            "risk_class": "annex-iii",
            "intended_purpose": "Sorting of incoming cases",
        },
        "transports": ["rest"],
    }


def catalogue(clauses: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    unseen = {"REST-INT-01": "Not observable on the wire."}
    return {
        "digest": "c" * 64,
        "protocol_commit": "d49cc23",
        "clauses": [
            {
                "id": name,
                "transport": transport,
                "area": area,
                "level": level,
                "text": text,
                "document": "inference_rest.md",
                "section": "HTTP/REST",
                "reason": unseen.get(name),
            }
            for name, transport, area, level, text in clauses
        ],
        "duties": [
            {
                "id": name,
                "paragraph": paragraph,
                "force": force,
                "text": text,
                "hook": "an appropriate level of accuracy, robustness, and cybersecurity" if name == "A15-1-a" else "",
                "can_show": "what the endpoint did when it was asked",
                "cannot_show": "anything behind the endpoint",
                "testable": testable,
                "elsewhere": None if testable else "the technical documentation",
            }
            for name, paragraph, force, text, testable in DUTIES
        ],
        "against": {f"area:{area}": ["A15-4-d"] for area in AREAS} | {"policy:no-crash": ["A15-4-d", "A15-5-c"]},
        "checks": [
            {
                "slug": slug,
                "suite": "conformance",
                "transport": "rest",
                "per": per,
                "allow": None,
                "duties": duties,
                "decides": True,
            }
            for slug, per, duties in CHECKS
        ],
        "law": [
            {
                "id": "applies-annex-iii",
                "text": "Article 15 applies to systems under Article 6(2) and Annex III from 2 December 2027.",
                "legal_basis": "Article 113, third paragraph, point (c)",
                "source": "Regulation (EU) 2026/1744",
                "verified_on": "2026-11-21",
            }
        ],
    }


def model() -> dict[str, Any]:
    return {
        "name": "iris",
        "version": "1",
        "versions": ["1"],
        "platform": "sklearn",
        "tensors": [
            {"name": "x", "datatype": "FP32", "shape": [-1, 4], "side": "input"},
            {"name": "y", "datatype": "INT64", "shape": [-1], "side": "output"},
        ],
        "properties": {},
    }
