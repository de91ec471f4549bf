"""Models with trained weights from packages of the registry, some in both frameworks."""
