"""People judge labels: campaigns, what they decided, how far they agree, and gold made of it."""
