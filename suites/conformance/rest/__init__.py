"""REST: health, metadata, inference and errors of the protocol over HTTP."""
