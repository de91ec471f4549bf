"""The rows of the table of layers, one file per family.

A row takes a layer and a call of it, and returns the module of ``torch.nn`` that computes exactly
the same with what stands around it, or None.
"""
