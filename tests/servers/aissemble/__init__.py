"""aiSSEMBLE's Open Inference Protocol: a FastAPI and a gRPC front end for one model handler, here in one process."""
