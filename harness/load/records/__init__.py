"""What workers write and analysis reads: one row for each request, and facts about each worker."""
