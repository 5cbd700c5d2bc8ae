"""Open-loop load on an endpoint of the Open Inference Protocol: ``locust -f $(art15 locustfile) --host URL``."""

from __future__ import annotations

from harness.load.locust.user import OpenLoopUser


class Infer(OpenLoopUser):
    """Inference requests to ``--oip-model``, at ``--oip-rate``."""
