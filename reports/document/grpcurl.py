"""The ``grpcurl`` line that makes a recorded gRPC call again, from its message in protobuf's text format."""

from __future__ import annotations

import re
import shlex
from urllib.parse import urlsplit

from harness.bundle.exchange import ExchangeRecord
from reports.document.curl import secret

# The file that describes the service, in the folder where the line is run. Of a call beyond it the server is asked.
PROTO, SERVICE = "open_inference_grpc.proto", "inference.GRPCInferenceService"
METHODS = {"ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer"}
# Made by grpcurl itself, or redacted.
_LEFT_OUT = {"content-type", "te", "user-agent", "grpc-timeout", "grpc-accept-encoding", "accept-encoding"}
# Fields that no description knows stand by their numbers, which grpcurl does not read.
_UNKNOWN = re.compile(r"(?m)^[ \t]*+\d++[ \t]*+[:{]")
_ESCAPE = re.compile(r"\\(.)")
LONGEST = 8192


def grpcurl(record: ExchangeRecord) -> str | None:
    """The line; None where grpcurl cannot say the same: bytes that are no message, unknown fields, a redacted part."""
    text = (record.request.text or "").strip()
    said = bool(text) or record.request.body is None or not record.request.body.bytes
    hidden = {str(each.get("where", "")).lower() for each in record.redactions}
    of_body = any(each.startswith("request.") and not each.startswith("request.header.") for each in hidden)
    if not record.is_grpc or not said or of_body or len(text) > LONGEST or _UNKNOWN.search(text):
        return None
    try:
        parts = urlsplit(record.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    service, _, method = parts.path.strip("/").rpartition("/")
    words = ["grpcurl", *([] if parts.scheme == "https" else ["-plaintext"]), "-format", "text"]
    if service == SERVICE and method in METHODS:
        words += ["-proto", PROTO]
    for name, value in record.request.headers:
        if not name.startswith(":") and name.lower() not in _LEFT_OUT:
            known = f"request.header.{name.lower()}" not in hidden
            words += ["-H", shlex.quote(f"{name}: {value}") if known else secret(name)]
    # Lines of the text format may as well be one: within a string no line ends.
    message, host = " ".join(_as_go_reads(text).split("\n")), parts.netloc if parts.port else f"{parts.netloc}:{port}"
    return " ".join([*words, "-d", shlex.quote(message), shlex.quote(host), shlex.quote(f"{service}/{method}")])


def _as_go_reads(text: str) -> str:
    """The text format with escapes that grpcurl takes: within double quotes an apostrophe is none."""
    return _ESCAPE.sub(lambda found: "'" if found[1] == "'" else found[0], text)
