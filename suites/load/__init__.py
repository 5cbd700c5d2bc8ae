"""Load: latency and capacity measured in an open loop, right answers under load, and what happens beyond capacity."""
