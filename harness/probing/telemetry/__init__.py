"""What a server tells of itself in the text format of Prometheus."""
