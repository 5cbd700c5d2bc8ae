"""The checks: one folder per concern, one file per clause group or property."""
