"""Attention."""

from __future__ import annotations

from typing import Any

import torch
from keras import layers
from torch import nn

from converters.tf_to_torch.lowerings import Tensor
from converters.tf_to_torch.readable.calls import LayerCall, Marked
from converters.tf_to_torch.readable.table import Forward, Moved, Written, part, row


def _tensors(call: LayerCall) -> list[Marked] | None:
    """Query, key and value; None if there are masks, or the scores are wanted."""
    given = dict(zip(("query", "value", "key"), call.arguments, strict=False))
    given |= call.keywords
    extra = ("attention_mask", "query_mask", "value_mask", "key_mask", "return_attention_scores")
    if any(given.get(name) is not None and given[name] is not False for name in extra):
        return None
    key = given.get("key") if given.get("key") is not None else given.get("value")
    found = [given.get("query"), key, given.get("value")]
    marked = [one for one in found if isinstance(one, Marked) and one.rank == 3]
    return marked if len(marked) == 3 else None


@row(layers.MultiHeadAttention)
def multi_head_attention(layer: Any, call: LayerCall) -> Written | None:
    """Heads that together are as wide as the query; kernels (in, heads, width) are stacked."""
    found = _tensors(call)
    if found is None:
        return None
    query, key, value = found
    wide, heads, size = int(query.shape[-1] or 0), layer.num_heads, layer.key_dim
    output = layer._output_dense.kernel
    if (
        heads * size != wide
        or layer.value_dim != size
        or tuple(output.shape) != (heads, size, wide)
    ):
        return None
    if getattr(layer, "_num_key_value_heads", heads) != heads or list(layer._attention_axes) != [1]:
        return None
    packed = key.shape[-1] == value.shape[-1] == wide
    moved = [Moved(output, "out_proj.weight", (2, 0, 1), shape=(wide, wide))]
    dense = (layer._query_dense, layer._key_dense, layer._value_dense)
    for place, (letter, one) in enumerate(zip("qkv", dense, strict=True)):
        name = "in_proj_weight" if packed else f"{letter}_proj_weight"
        moved.append(
            Moved(
                one.kernel,
                name,
                (1, 2, 0),
                shape=(wide, one.kernel.shape[0]),
                row=place * wide if packed else None,
            )
        )
        if one.bias is not None:
            moved.append(Moved(one.bias, "in_proj_bias", shape=(wide,), row=place * wide))
    if layer._output_dense.bias is not None:
        moved.append(Moved(layer._output_dense.bias, "out_proj.bias"))
    causal = bool(call.keywords.get("use_causal_mask"))

    def forward(attention: Forward, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        options: dict[str, Any] = {"need_weights": False}
        if causal:
            square = torch.ones((query.shape[1], key.shape[1]), dtype=torch.bool)
            options["attn_mask"] = square.triu(1)
        result: Tensor = attention(query, key, value, **options)[0]
        return result

    return Written(
        part(
            nn.MultiheadAttention,
            wide,
            heads,
            dropout=float(layer._dropout),
            bias=layer._use_bias,
            kdim=None if packed else key.shape[-1],
            vdim=None if packed else value.shape[-1],
            batch_first=True,
        ),
        forward,
        (query.name, key.name, value.name),
        tuple(moved),
    )
