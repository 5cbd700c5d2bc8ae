"""What answers are worth: does it still serve, mix things up, tell of its inside. It and suites report."""
