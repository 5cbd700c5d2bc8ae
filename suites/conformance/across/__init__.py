"""What REST and gRPC say of the same model, held against each other."""
