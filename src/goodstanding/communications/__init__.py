"""Mails: what is said to people is a row first, written with what it tells of, and sent afterwards."""
