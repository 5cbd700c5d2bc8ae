"""The gRPC side: the service, messages to tensors and back, and the points where faults and variants take hold.

Only :mod:`harness.reference.grpc.service` and :mod:`harness.reference.grpc.listen` import gRPC and the generated
messages, so that ``--list`` and ``--no-grpc`` need neither.
"""
