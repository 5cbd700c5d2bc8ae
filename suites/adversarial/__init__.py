"""What the endpoint does with inputs that nobody promised would be nice: searches for counterexamples."""
