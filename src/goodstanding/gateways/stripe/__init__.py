"""Stripe. Nobody outside this folder imports it; it is found by the registry and can be deleted in one go."""
