"""Jobs: work that is a row in the database, done later, surely, by whoever is alive."""
