"""The operators that the layout passes add to a graph."""

from __future__ import annotations

from converters.tf_to_torch.lowerings import Tensor, lower


@lower("layout.transpose")
def transpose(x: Tensor, axes: tuple[int, ...], lead: int) -> Tensor:
    """Add ``lead`` axes of size 1 in front, then permute.

    Shapes: x (...) -> the permuted shape. Dtypes: all.
    """
    shape = [1] * lead + list(x.shape)
    moving = [axis for axis in axes if not (isinstance(shape[axis], int) and shape[axis] == 1)]
    if moving == sorted(moving):
        return x.reshape([shape[axis] for axis in axes])
    return (x.reshape(shape) if lead else x).permute(axes)


@lower("layout.reshape")
def reshape(x: Tensor, spatial: tuple[int, ...]) -> Tensor:
    """Rearrange what lies behind batch and channels.

    Shapes: x (N, C, ...) -> (N, C, *spatial). Dtypes: all.
    """
    return x.reshape(x.shape[0], x.shape[1], *spatial)
