"""HTTP/2 as gRPC needs it; needs the extra ``grpc``."""
