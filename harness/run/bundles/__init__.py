"""What is done with bundles of runs that have ended: shown, sent again, made of what locust left."""
