"""What a run is about to do: the sealed plan, the order of its checks, and what its budget reaches."""
