"""Reference servers as processes of their own, and several of them behind a balancer."""
