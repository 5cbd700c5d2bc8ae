"""The evidence contract between who writes a bundle and who reads it: where exchanges and bodies lie."""
