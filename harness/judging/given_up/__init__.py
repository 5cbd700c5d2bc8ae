"""Requests that their clients give up: who asks beside and after them, and what they get."""
