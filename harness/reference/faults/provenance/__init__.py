"""Seeded faults of the suite provenance: what the server says of where its models come from is not right."""
