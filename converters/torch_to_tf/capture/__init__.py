"""From PyTorch's sources, modules and files, to a :class:`~converters.graph.Graph`."""
