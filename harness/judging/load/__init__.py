"""What load shows: cases of a check."""
