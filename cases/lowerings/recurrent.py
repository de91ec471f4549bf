"""Rows of recurrent networks."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from cases.case import LoweringCase

_GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


@st.composite
def _network(draw: st.DrawFn, kind: str, *, projected: bool = False) -> dict[str, object]:
    """Layers, directions, biases, sizes and weights of one network."""
    time, batch, features, hidden = (draw(st.integers(1, top)) for top in (6, 3, 4, 5))
    layers, bidirectional, biases, first = (
        draw(st.integers(1, 2)), draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    )  # fmt: skip
    out = draw(st.integers(1, hidden)) if projected else hidden
    projected = out < hidden
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def array(*shape: int) -> np.ndarray:
        return generator.standard_normal(shape).astype(np.float32)

    directions = 2 if bidirectional else 1
    params: list[np.ndarray] = []
    for layer in range(layers):
        width = out * directions if layer else features
        for _ in range(directions):
            gates = _GATES[kind] * hidden
            params += [array(gates, width), array(gates, out)]
            params += [array(gates), array(gates)] if biases else []
            params += [array(out, hidden)] if projected else []
    state = array(layers * directions, batch, out)
    hx = (state, array(layers * directions, batch, hidden)) if kind == "lstm" else state
    return {
        "input": array(batch, time, features) if first else array(time, batch, features),
        "hx": hx,
        "params": tuple(params),
        "has_biases": biases,
        "num_layers": layers,
        "dropout": 0.0,
        "train": False,
        "bidirectional": bidirectional,
        "batch_first": first,
    }


@st.composite
def _cell(draw: st.DrawFn, kind: str) -> dict[str, object]:
    """One step of a network."""
    batch, features, hidden = (draw(st.integers(1, 5)) for _ in range(3))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def array(*shape: int) -> np.ndarray:
        return generator.standard_normal(shape).astype(np.float32)

    gates = _GATES[kind] * hidden
    state = array(batch, hidden)
    arguments: dict[str, object] = {
        "input": array(batch, features),
        "hx": (state, array(batch, hidden)) if kind == "lstm" else state,
        "w_ih": array(gates, features),
        "w_hh": array(gates, hidden),
    }
    return arguments | ({"b_ih": array(gates), "b_hh": array(gates)} if draw(st.booleans()) else {})


CASES = (
    *(LoweringCase(f"aten.{kind}.input", _network(kind)) for kind in _GATES),
    LoweringCase("aten.lstm.input", _network("lstm", projected=True), label="projected"),
    *(LoweringCase(f"aten.{kind}_cell.default", _cell(kind)) for kind in _GATES),
)
