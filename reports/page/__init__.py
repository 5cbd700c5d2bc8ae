"""From the evidence document to its page: what is shown, the templates and the plots."""
