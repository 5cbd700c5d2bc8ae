"""From the evidence document to its page: what is shown, and the templates."""
