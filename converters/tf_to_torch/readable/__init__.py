"""Keras models as the modules that a person would have written.

While TensorFlow traces a model, the calls of its Keras layers are recorded (:mod:`.calls`). A layer
with an exact counterpart in ``torch.nn`` (:mod:`.table` and the rows in :mod:`.rows`) becomes one
node of the graph (:mod:`.fold`), which calls that module (:mod:`.leaf`); everything else is lowered
operator by operator. What PyTorch traced is then written as Python classes, nested as the Keras
layers are (:mod:`.source`), and that source is the converted model.
"""
