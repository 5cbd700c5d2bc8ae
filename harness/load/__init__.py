"""Open-loop load: one schedule made before the run, exact records, and what may be said of them."""
