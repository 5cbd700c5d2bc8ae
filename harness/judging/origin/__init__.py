"""Where a model comes from: what is claimed, held against itself and against what is computed or looked up."""
