"""The gRPC side: the service, messages to tensors and back, and the points where faults and variants take hold.

Only :mod:`harness.reference.grpc.service`, ``schema`` and ``listen`` beside it import gRPC and protobuf, so that
``--list`` and ``--no-grpc`` need neither.
"""
