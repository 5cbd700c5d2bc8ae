"""Real inference servers as fixtures: MLServer, KServe and Triton, each in an environment of its own.

`serve` in `servers.py` is the door; `python -m tests.servers` is the same by hand.
"""
