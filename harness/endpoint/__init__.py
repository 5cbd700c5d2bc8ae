"""What is under test: its addresses, its models, and what it says of itself."""
