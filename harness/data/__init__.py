"""The operator's own data: tables of inputs, what is right for each row, and metrics that compare the two."""
