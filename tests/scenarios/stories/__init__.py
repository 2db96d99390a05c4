"""Stories of customers, each with what must be answered at its telling moments and why (by the letter of DESIGN section 4)."""
