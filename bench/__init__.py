"""Measurements, each with the target of DESIGN section 10 and the least that must happen beside it: ``make bench``."""
