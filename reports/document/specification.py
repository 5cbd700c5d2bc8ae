"""Where a clause is written: a link to its document at the commit that the clauses were read from."""

from __future__ import annotations

import re

from reports.evidence import ClauseRow

_FILES = "https://github.com/kserve/open-inference-protocol/blob/{commit}/specification/protocol/{file}"
# What lies there; documents of servers are named, and not linked: no commit of theirs was recorded.
_THERE = {
    "generate_rest.yaml",
    "inference_grpc.md",
    "inference_rest.md",
    "open_inference_grpc.proto",
    "open_inference_rest.yaml",
}
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


def link_of(clause: ClauseRow, commit: str) -> str | None:
    """The address of the document of a clause; None where it is none of the protocol's own, or no commit is known."""
    if clause.document not in _THERE or not _COMMIT.fullmatch(commit):
        return None
    return _FILES.format(commit=commit, file=clause.document)
