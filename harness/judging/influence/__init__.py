"""What requests of one kind do to requests of another: those before, and those under way beside them."""
