"""What a check holds in its hands to ask an endpoint with; nothing here says what an answer is worth."""
