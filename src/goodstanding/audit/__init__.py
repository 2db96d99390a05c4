"""Who did what to which object, and why."""
