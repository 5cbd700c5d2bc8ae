"""Rollout: a candidate beside the version that it is to replace."""
