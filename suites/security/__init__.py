"""What somebody without rights can see, reach, learn or block at the endpoint (Article 15(5))."""
