"""What is tried: operators and models, and how their inputs are drawn."""
