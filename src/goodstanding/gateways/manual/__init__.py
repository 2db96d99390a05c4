"""By hand: cash, transfers and cheques that staff record. There is no vendor, so nothing is asked and nothing is sent."""
