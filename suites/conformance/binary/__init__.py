"""The binary tensor data extension."""
