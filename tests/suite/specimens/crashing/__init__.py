"""Rows that end the process they run in."""
