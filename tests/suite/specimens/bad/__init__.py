"""Rows that can't be collected."""
