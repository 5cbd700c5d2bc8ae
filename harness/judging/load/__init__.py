"""What load and drills show: cases of a check."""
