"""Changed inputs, each change against its definition."""
