"""Whether a model's outputs say anything: a comparison of zeros proves nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

SMALLEST, LARGEST = 1e-4, 1e8
"""Between what the largest element of an output lies."""

MOVEMENT = 1e-2
"""By what part of itself an output has to move when other inputs are drawn."""


def trivial_outputs(
    module: Any, inputs: Any, others: Any, still: Sequence[str] = ()
) -> dict[str, str]:
    """What is wrong with a model's outputs, by their names; empty if each means something.

    An output of one element, or of whole numbers, may stay the same by chance; all of them
    together may not.

    Args:
        module: a PyTorch module.
        inputs: a tuple or dict of inputs.
        others: other inputs of the same sizes.
        still: the outputs that don't depend on the inputs, by name.
    """
    found: dict[str, str] = {}
    moved = False
    first, second = (dict(_outputs(module, given)) for given in (inputs, others))
    for name, one in first.items():
        other = second[name]
        size = float(abs(one).max()) if one.size else 0.0
        movement = float(abs(one - other).max()) if one.size else 0.0
        moved |= movement > 0
        if one.dtype.kind not in "fc" or one.size < 2 or name in still:
            continue
        if not SMALLEST < size < LARGEST:  # a NaN is neither
            found[name] = f"its largest element is {size:.3g}"
        elif movement < MOVEMENT * size:
            found[name] = f"other inputs move it by {movement:.3g}, and it is {size:.3g} large"
    if not moved:
        found["all"] = "no output depends on the inputs"
    return found


def flipped(inputs: Any) -> Any:
    """Other inputs of the same sizes: every tensor the other way round along all of its axes."""
    import torch
    from torch.utils import _pytree as pytree

    return pytree.tree_map_only(torch.Tensor, lambda x: x.flip(tuple(range(x.dim()))), inputs)


def _outputs(module: Any, inputs: Any) -> Iterator[tuple[str, Any]]:
    import torch
    from torch.utils import _pytree as pytree

    given: Any = pytree.tree_map_only(torch.Tensor, torch.clone, inputs)
    with torch.no_grad():
        result = module(**given) if isinstance(given, dict) else module(*given)
    for path, leaf in pytree.tree_flatten_with_path(result)[0]:
        if isinstance(leaf, torch.Tensor):
            wide = leaf.to(torch.complex128 if leaf.is_complex() else torch.float64)
            kind = leaf.is_floating_point() or leaf.is_complex()
            name = pytree.keystr(path).replace("['", ".").replace("']", "").lstrip(".")
            yield name, (wide if kind else leaf.to(torch.int64)).numpy()
