"""Requests at and beyond what a client may choose: counts that grow, values too many, other datatypes."""
