"""Rows that are cheap and right."""
