"""Doors: who tapped which card where, whether it opened, and why not."""
