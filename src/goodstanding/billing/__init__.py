"""Money: what was told, what is owed, what was paid, given back and disputed. Rows here never decide standing alone."""
