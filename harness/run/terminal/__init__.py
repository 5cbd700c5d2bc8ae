"""What a run and its evidence say on the terminal."""
