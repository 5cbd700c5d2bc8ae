"""A run in two values: prepared, before anything was sent, and open, from discovery to the finished bundle.

Everything that happens is in the journal the moment it happens, so that a run that is killed leaves readable
evidence; the document and the page are made from the journal and nothing else.
"""
