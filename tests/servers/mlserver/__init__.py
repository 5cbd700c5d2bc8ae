"""MLServer: the reference implementation by Seldon, REST and gRPC."""
