"""The hostile kit: endpoints that do to a run whatever an endpoint can, each in a few lines."""
