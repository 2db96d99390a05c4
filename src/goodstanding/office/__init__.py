"""The office: the pages on which staff do their daily work."""
