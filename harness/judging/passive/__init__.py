"""Looking at every recorded exchange, whichever check sent it: what answers tell, and whether our messages are right.

Nothing here sends anything. The recorder shows each exchange once (:mod:`harness.record.store`); what is seen is kept
by shape, so that a hundred thousand answers cost little more than a hundred; checks that run last report it.
"""
