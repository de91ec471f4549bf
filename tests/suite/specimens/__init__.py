"""Packages of rows that the tests run."""
