"""From the journal to the evidence document: a pure function, which asks no endpoint and no clock."""
