"""Failover: whether several replicas are one service, looked at from outside."""
