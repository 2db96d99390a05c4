"""Goodstanding: memberships kept right."""
