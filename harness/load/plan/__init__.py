"""The plan of a run: schedule, prepared requests, and how an answer to one is checked. Neither gevent nor locust."""
