"""The models that are served; :mod:`harness.reference.models.catalogue` lists them."""
