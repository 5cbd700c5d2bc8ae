"""From the journal of a run to the evidence document, the page and its verification."""
