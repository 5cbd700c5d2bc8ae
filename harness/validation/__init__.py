"""Both directions over many runs: the clean server, seeded faults and benign variants against every check."""
