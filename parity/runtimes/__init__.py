"""Things that can run a model."""
