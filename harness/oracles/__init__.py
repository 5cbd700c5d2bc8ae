"""Relations between answers that need no knowledge of the model: same, converted, row by row."""
