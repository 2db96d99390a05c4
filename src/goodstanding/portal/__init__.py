"""The member's own pages: how one stands and why, what is paid and owed, cards, doors, and what happened."""
