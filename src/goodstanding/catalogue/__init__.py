"""What can be held: levels in groups, what they promise, and what they cost."""
