"""A proxy in front of a replica, as a process of its own: it passes everything on until it is told to do harm."""
