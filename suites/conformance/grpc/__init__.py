"""gRPC: the six methods of the service, typed and raw contents, errors."""
