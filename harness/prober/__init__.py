"""The probing half of the plugin, imported once an endpoint is given: plain test runs stay fast."""
