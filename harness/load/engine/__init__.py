"""Sends the requests of a plan on gevent's loop. Only this room and `harness.load.locust` import gevent."""
