"""Changed inputs: what a valid row is, how rows are changed, and what the decisions about them show. Arrays only."""
