"""Memberships: who holds which level, why, and since when; facts are taken in here and standing comes out."""
