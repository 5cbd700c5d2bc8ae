"""Inputs for any model, from what the model says of itself."""
