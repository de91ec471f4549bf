"""The core ATen operators: which of them a graph may hold, by packet."""

from __future__ import annotations

OF_STRIDES = frozenset(["sym_is_contiguous", "sym_storage_offset", "sym_stride"])
"""Packets that ask where a tensor lies in memory, which a converted tensor does not have."""

DECOMPOSED = frozenset(["_native_batch_norm_legit", "col2im"])
"""Packets (or, of the first, the overload that changes its statistics in place) that PyTorch's own
table rewrites before a lowering is looked for; ``tests/lowerings/test_core_aten.py`` converts them.
"""


def core_packets() -> dict[str, bool]:
    """For each packet of the core ATen set, whether every overload that a graph can hold converts.

    Overloads that write to ``out`` never stand in an exported graph.
    """
    import torch

    from converters.torch_to_tf.lowerings import load

    lowered = {lowering.op for lowering in load()}
    packets: dict[str, bool] = {}
    # dir(torch.ops.aten) holds only what was used before
    names = {name.split(".")[0] for name in torch._C._dispatch_get_all_op_names()}
    for name in sorted(name.removeprefix("aten::") for name in names if name.startswith("aten::")):
        packet = getattr(torch.ops.aten, name)
        for overload in packet.overloads():
            found = getattr(packet, overload)
            if torch.Tag.core not in found.tags or overload == "out" or name in OF_STRIDES:
                continue
            # capture rewrites what changes its argument
            functional = str(found).replace(f"{name}.", f"{name.rstrip('_')}.", 1)
            converts = functional in lowered or name in DECOMPOSED
            packets[name] = packets.get(name, True) and converts
    return packets
