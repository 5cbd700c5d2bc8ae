"""What may be said of a run: statistics, validity, verdict. Pure functions of plan and records."""
