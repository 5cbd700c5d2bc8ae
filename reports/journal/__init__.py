"""The journal of a run: how its lines are written and read, and what they say together."""
