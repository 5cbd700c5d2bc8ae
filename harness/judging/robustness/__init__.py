"""What changed inputs show of what the policy declares under ``[[robustness]]``."""
