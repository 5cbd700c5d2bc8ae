"""Checks of the protocol clauses, one file per clause group."""
