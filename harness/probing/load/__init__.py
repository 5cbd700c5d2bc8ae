"""Load from inside a check: plans, their cases, the runs and what they leave in the evidence; and drills."""
