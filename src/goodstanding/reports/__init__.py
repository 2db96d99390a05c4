"""Reports: what the records come to, read and never written."""
