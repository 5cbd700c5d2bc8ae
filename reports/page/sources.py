"""Addresses of what a rule is quoted from: fixed prefixes of ours, and never a word of an endpoint."""

from __future__ import annotations

import re

LAW = "https://eur-lex.europa.eu/eli/reg/2024/1689/oj"
_PROTOCOL = "https://github.com/kserve/open-inference-protocol/blob"
_FOLDER = "specification/protocol"
_DOCUMENTS = frozenset(
    {
        "generate_rest.yaml",
        "inference_grpc.md",
        "inference_rest.md",
        "open_inference_grpc.proto",
        "open_inference_rest.yaml",
    }
)
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_SPECIFICATION = re.compile(
    rf"{re.escape(_PROTOCOL)}/[0-9a-f]{{7,40}}/{_FOLDER}/(?:{'|'.join(map(re.escape, sorted(_DOCUMENTS)))})"
)


def specification(document: str, commit: str) -> str | None:
    """The address of a document of the protocol at the commit that the clauses were read from; None for any other."""
    if document not in _DOCUMENTS or not _COMMIT.fullmatch(commit):
        return None
    return f"{_PROTOCOL}/{commit}/{_FOLDER}/{document}"


def is_source(address: str) -> bool:
    """Whether an address is one that a page of ours may lead to."""
    return address == LAW or _SPECIFICATION.fullmatch(address) is not None
