"""A row of the suite: one operator in both frameworks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis.strategies import SearchStrategy

from parity.suite.rules import Rule

Arguments = Mapping[str, object]

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("int32", "int64", "int8", "uint8")
COMPLEX = ("complex64", "complex128")


@dataclass(frozen=True, slots=True, eq=False)
class OperatorCase:
    """One operator, called in PyTorch and in TensorFlow so that both compute the same function.

    A call is text, so that no framework is imported before it is run, and reports, ``parity
    explain`` and repros can show it. It is one of:

    - an expression over the names of the arguments: ``"F.softplus(x, beta, threshold)"``;
    - several lines, the body of a function, with ``return``;
    - ``"package.module:function"``, called with the arguments by name.

    It gives a tensor, or a tuple or list of them. In PyTorch's calls there are ``torch``, ``F``
    (torch.nn.functional) and ``math``; in TensorFlow's ``tf`` and ``math``; in Keras' ``keras`` and
    ``tf``. ``dtype`` is the type of the run in that framework (the float64 oracle runs in float64),
    ``device`` its name.

    Attributes:
        name: unique among the rows; the family is the file that it stands in.
        torch: the call in PyTorch.
        tensorflow: the call in TensorFlow.
        inputs: from a dtype's name to a strategy of named arguments: NumPy arrays become tensors;
            numbers, texts, bools, None and tuples of them stay.
        rule: what gives its tolerance.
        dtypes: in which it is tried; NumPy's names.
        gradients: whether vector-Jacobian products are compared: of all floating-point arrays among
            the arguments, or of those named.
        keras: the call in Keras, where it has one; a second subject.
        oracle: what the results are judged by. ``torch`` or ``tensorflow``: that call in float64.
            ``mpmath: EXPRESSION``: over mpmath's functions, element by element. ``numpy:
            EXPRESSION``: over ``np`` and ``math``, in float64.
        every: an array argument of which every float16 and bfloat16 number is tried in one call;
            empty where the operator isn't elementwise.
        no_xla: why XLA can't compile it, in words; empty where it can.
        doc: what there is to know about the two calls, in a sentence.
    """

    name: str
    torch: str
    tensorflow: str
    inputs: Callable[[str], SearchStrategy[Arguments]]
    rule: Rule
    dtypes: tuple[str, ...] = FLOATS
    gradients: bool | tuple[str, ...] = True
    keras: str = ""
    oracle: str = "torch"
    every: str = ""
    no_xla: str = ""
    doc: str = ""
