"""What the server offers beyond the protocol itself, one file per extension."""
