"""Models with trained weights, which packages of the registry carry; two of them in both frameworks."""
