"""A program for each result that fails, which needs nothing of this project."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import numpy as np

from converters import replaced_folder
from parity.suite.case import Arguments, OperatorCase
from parity.suite.run import Question
from parity.suite.snippets import HEAD, returned, tensor_line, word
from parity.suite.subjects import RUNTIMES, text_of
from parity.suite.tally import Tally

FOLDER = "repro"
_LARGEST = 4096
"""Numbers of an array that a program still spells out."""

_COMMON = """\
nan, inf = math.nan, math.inf


def flat(result):
    nested = isinstance(result, (tuple, list))
    return [one for part in result for one in flat(part)] if nested else [result]


found = {}


def show(name, result):
    if isinstance(result, torch.Tensor):
        result = result.detach().to(torch.float32 if result.dtype is torch.bfloat16 else None)
    found[name] = np.asarray(result)
    print(name, found[name], sep=":\\n")
"""

_FURTHEST = """\
for name, result in found.items():
    with np.errstate(all="ignore"):
        wide = result.astype(oracle.dtype)
        same = (wide == oracle) | (np.isnan(wide) & np.isnan(oracle))
        error = np.nan_to_num(np.where(same, 0, np.abs(wide - oracle)), nan=inf)
    if error.any():
        i = np.unravel_index(error.argmax(), error.shape)
        print(f"{name} is furthest from the oracle at {list(map(int, i))}: ", end="")
        print(f"{wide[i]!r} for {oracle[i]!r}, {error[i]} apart")
"""

_TORCH_GRADIENT = """\
gradient = torch.autograd.grad(
    [outputs[i] for i in directions],
    {name},
    [torch.from_numpy(d).to(outputs[i].dtype) for i, d in directions.items()],
)[0]
show({title!r}, gradient)
"""

_TENSORFLOW_GRADIENT = """\
    with tf.GradientTape() as tape:
        tape.watch({name})
        outputs = flat(call({names}))
    ends = [outputs[i] for i in directions]
    along = [tf.cast(d, outputs[i].dtype) for i, d in directions.items()]
    return tape.gradient(ends, {name}, along, unconnected_gradients="zero")
"""


def program_of(case: OperatorCase, runtime: str, asked: Question, name: str) -> str:
    """A program that shows one result of one runtime beside PyTorch's and the oracle's.

    Args:
        case: the row.
        runtime: its name.
        asked: the arguments, with the oracle's answer.
        name: of the result.

    Returns:
        The program; empty where an array has too many elements to be written out.
    """
    names = [runtime] if runtime == "torch" else ["torch", runtime]
    arrays = {**asked.arguments, **asked.way.directions}
    if name in asked.truth.results:
        arrays["the oracle"] = asked.truth.results[name]
    if any(isinstance(a, np.ndarray) and a.size > _LARGEST for a in arrays.values()):
        return ""
    title = f"{name} of {case.name} in {asked.dtype} by {runtime}"
    lines = [f'"""{title}: run it where numpy, torch and tensorflow are installed."""', "", *HEAD]
    lines += ["import keras"] if runtime == "keras" else []
    lines += ["", *_COMMON.splitlines(), "", ""]
    if name.startswith("gradient of "):
        lines.append("# the direction of each output that the gradient is taken along")
        places = [_place(output) for output in asked.way.directions]
        given = zip(places, asked.way.directions.values(), strict=True)
        lines.append(f"directions = {{{', '.join(f'{i}: {word(d)}' for i, d in given)}}}")
    for one in names:
        lines += ["", *_run(case, one, asked, name)]
    if name in asked.truth.results:
        expected = word(np.asarray(asked.truth.results[name]))
        of = case.oracle.partition(":")[0]
        lines += ["", f"oracle = {expected}", f"print('the oracle, {of}', oracle, sep=':\\n')"]
        lines += _FURTHEST.splitlines()
    return "\n".join(lines) + "\n"


def _run(case: OperatorCase, runtime: str, asked: Question, name: str) -> list[str]:
    """The lines that run one runtime and print its result."""
    one = RUNTIMES[runtime]
    language, text = one.call, text_of(case, one)
    arguments = asked.arguments
    lines = [f"def call_{language}({', '.join(arguments)}):"]
    package = "torch" if language == "torch" else "tf"
    lines += [f"    dtype = {package}.{asked.dtype}"] if "dtype" in text else []
    lines += ['    device = "cpu"'] if "device" in text else []
    given = ", ".join(f"{argument}={argument}" for argument in arguments)
    lines += [*textwrap.indent(returned(text, given), "    ").splitlines(), "", ""]
    for argument, value in arguments.items():
        if isinstance(value, np.ndarray):
            lines.append(tensor_line(argument, value, language))
        else:
            lines.append(f"{argument} = {word(value)}")
    wanted = name.removeprefix("gradient of ") if name.startswith("gradient of ") else ""
    body = _torch_lines if language == "torch" else _tensorflow_lines
    return [*lines, *body(runtime, arguments, name, wanted)]


def _torch_lines(runtime: str, arguments: Arguments, name: str, wanted: str) -> list[str]:
    lines = [f"{wanted}.requires_grad_()"] if wanted else []
    call = "call_torch"
    if RUNTIMES[runtime].compiler:
        call = "torch.compile(call_torch, dynamic=False)"
    lines.append(f"outputs = flat({call}({', '.join(arguments)}))")
    title = f"{name}, {runtime}"
    if not wanted:
        return [*lines, f"show({title!r}, outputs[{_place(name)}])"]
    return [*lines, *_TORCH_GRADIENT.format(name=wanted, title=title).splitlines()]


def _tensorflow_lines(runtime: str, arguments: Arguments, name: str, wanted: str) -> list[str]:
    language, compiler = RUNTIMES[runtime].call, RUNTIMES[runtime].compiler
    tensors = ", ".join(n for n, a in arguments.items() if isinstance(a, np.ndarray))
    names = ", ".join(arguments)
    lines = []
    if compiler:
        lines.append(f"@tf.function(jit_compile={compiler == 'XLA'}, autograph=False)")
    lines.append(f"def result({tensors}):")
    if wanted:
        text = _TENSORFLOW_GRADIENT.format(name=wanted, names=names)
        lines += text.replace("call(", f"call_{language}(").splitlines()
    else:
        lines.append(f"    return flat(call_{language}({names}))[{_place(name)}]")
    return [*lines, "", "", f"show({f'{name}, {runtime}'!r}, result({tensors}))"]


def _place(output: str) -> int:
    """Where an output stands: ``output`` is the first, ``output 2`` the third."""
    found = re.search(r"\d+", output)
    return int(found.group()) if found else 0


def write_programs(tallies: tuple[Tally, ...], folder: Path) -> None:
    """Write the programs of what fails into ``repro/`` of a report; those of before go.

    Args:
        tallies: what a run found.
        folder: the report's.
    """
    with replaced_folder(folder / FOLDER, force=True) as work:
        for tally in tallies:
            for line in tally.lines:
                if line.program:
                    path = work / file_name(tally, line.runtime, line.worst.name)
                    path.write_text(line.program, encoding="utf-8")


def file_name(tally: Tally, runtime: str, name: str) -> str:
    """The file of one result's program.

    >>> file_name(Tally("exp", "elementwise", "float32", "cpu"), "tf.function", "gradient of x")
    'exp-float32-tf.function-gradient-of-x.py'
    """
    return re.sub(r"[^\w.-]+", "-", f"{tally.row}-{tally.dtype}-{runtime}-{name}") + ".py"
