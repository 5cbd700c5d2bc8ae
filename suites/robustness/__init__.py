"""Checks of inputs that are changed a little, by accident or on purpose, against what the policy declares of them."""
