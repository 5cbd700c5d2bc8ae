"""A menu: kinds of requests that one model takes, each with the whole answer that it gets alone."""
