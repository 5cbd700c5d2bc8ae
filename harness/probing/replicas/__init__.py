"""Several replicas behind one address, or at addresses of their own: what each says and answers."""
