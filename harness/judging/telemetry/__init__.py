"""Whether what a server tells of itself is true, and what it gives away or piles up in telling it."""
