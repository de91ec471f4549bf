"""What a TensorFlow graph from a stranger may do while it is checked: compute, and nothing else.

A graph can hold operators that read and write files, open connections or call Python. They are
refused before anything is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from parity.errors import CheckError

_STATEFUL = re.compile(
    r"Assert|Assign\w*VariableOp|Case|CheckNumerics\w*|CudnnRNN\w*|DeepCopy|DestroyResourceOp"
    r"|DisableCopyOnRead|Empty|GuaranteeConst|If|\w*HashTable\w*|InitializeTableV2|LookupTable\w+"
    r"|Multinomial|ParameterizedTruncatedNormal|Random(Crop|Gamma|Poisson|Shuffle|Standard|Uniform)"
    r"(V2|Normal|Int)?|ReadVariableOp|Resource(Apply|Gather|Scatter|StridedSlice)\w*|Rng\w+"
    r"|Stack\w*|StatefulPartitionedCall|Stateful\w*(Binomial|Normal\w*|Uniform\w*)"
    r"|StatelessRandomGetAlg|TemporaryVariable|TensorArray\w*|TruncatedNormal|VarHandleOp"
    r"|VarIsInitializedOp|Variable\w*|While"
)
_REACHING_OUT = re.compile(
    r"\w*File\w*|\w*Files|\w*Dataset\w*|\w*PyFunc\w*|Reader\w+|Debug\w+|\w*Summary\w*|\w*CodeProto\w*"
    r"|DecodeProto\w*|EncodeProto|Sharded\w+|\w*Snapshot\w*|InitializeTableFromTextFile\w*"
)


def reaches_out(op: str) -> bool:
    """Whether an operator may do more than compute.

    >>> reaches_out("MatMul"), reaches_out("ReadFile"), reaches_out("PyFunc"), reaches_out("Print")
    (False, True, True, True)
    """
    from tensorflow.python.framework import op_def_registry

    if _REACHING_OUT.fullmatch(op):
        return True
    known = op_def_registry.get(op)
    return known is not None and known.is_stateful and not _STATEFUL.fullmatch(op)


def require_pure(nodes: Iterable[Any], place: object) -> None:
    """Refuse nodes that may do more than compute.

    Raises:
        CheckError: there is one; the message names it.
    """
    found = sorted({node.op for node in nodes if reaches_out(node.op)})
    if found:
        raise CheckError(
            f"{place} calls {', '.join(found)}, which can reach files, connections or Python. "
            "It is not run: remove that from the model."
        )


def require_pure_graph(graph_def: Any, place: object) -> None:
    """:func:`require_pure` for a GraphDef and its function library."""
    require_pure(graph_def.node, place)
    for function in graph_def.library.function:
        require_pure(function.node_def, place)


def require_pure_saved_model(saved: Any, place: object) -> None:
    """:func:`require_pure` for what a SavedModel runs when it is loaded or called.

    Every SavedModel holds operators that save and restore its own variables; they count only where
    a function or signature of the model calls them.

    Args:
        saved: the ``SavedModel`` message.
        place: its path.
    """
    for meta in saved.meta_graphs:
        functions = {f.signature.name: f for f in meta.graph_def.library.function}
        entries = list(meta.object_graph_def.concrete_functions)
        begins = [
            node for name in entries if name in functions for node in functions[name].node_def
        ]
        if not entries:
            begins = list(_reached(meta))
        require_pure(_called(begins, functions), place)


def _reached(meta: Any) -> Iterator[Any]:
    """The nodes of a graph of TensorFlow 1 that its signatures and initialisers need."""
    nodes = {node.name: node for node in meta.graph_def.node}
    ends = [t.name for s in meta.signature_def.values() for t in s.outputs.values()]
    for key in ("legacy_init_op", "saved_model_main_op"):
        ends.extend(meta.collection_def[key].node_list.value if key in meta.collection_def else ())
    waiting, seen = [_node_name(end) for end in ends], set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        yield nodes[name]
        waiting.extend(map(_node_name, nodes[name].input))


def _node_name(edge: str) -> str:
    return edge.lstrip("^").split(":")[0]


def _called(begins: list[Any], functions: Mapping[str, Any]) -> Iterator[Any]:
    """Some nodes, and those of every function that they call."""
    waiting, seen = list(begins), set()
    while waiting:
        node = waiting.pop()
        yield node
        for attribute in node.attr.values():
            named = [attribute.func.name] if attribute.HasField("func") else []
            for name in (*named, *(f.name for f in attribute.list.func)):
                if name in functions and name not in seen:
                    seen.add(name)
                    waiting.extend(functions[name].node_def)
