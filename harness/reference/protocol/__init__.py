"""The protocol without a transport: documents in, documents out."""
