"""What a run does not hold against the endpoint although it was found: it changes the exit code, never a verdict."""
