"""What every probing run imports; loaded once in the process that runs are forked from."""

from __future__ import annotations

import contextlib

import harness.run.checks
import harness.run.session
import harness.run.summary

with contextlib.suppress(ImportError):  # the extra grpc may be missing
    import harness.target.grpc_discovery
    import harness.wire.rpc

__all__ = ["harness"]
