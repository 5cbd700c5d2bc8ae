"""The engine inside locust's processes: master, workers, options, statistics. Only this room imports locust."""
