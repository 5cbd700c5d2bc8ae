"""OMLE's server: a native binary in a wheel, REST and gRPC, for models in OMLE's own format."""
