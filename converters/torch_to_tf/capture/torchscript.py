"""TorchScript files, read without letting what stands in them write or load anything.

Such a file holds code in a language of PyTorch's own. Its pickles are read by PyTorch's C++, which
knows no Python function and refuses them; but the language can write files (``torch.save``), map
them into memory (``torch.from_file``), call other machines, and run at loading (``__setstate__``).
So the code is looked through first.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from converters.errors import CaptureError
from converters.torch_to_tf.capture.archive import refusal, require_unique_members
from converters.torch_to_tf.capture.refusals import explanation

_FORBIDDEN = re.compile(
    rb"\b(?:save|from_file|rpc_async|rpc_sync|rpc_remote|PythonOp|IgnoredPythonOp|__setstate__)\b"
)


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive that holds TorchScript code."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name or name.endswith("/constants.pkl") for name in _names(archive))


def _names(archive: zipfile.ZipFile) -> list[str]:
    return [name.lower() for name in archive.namelist()]


def load_torchscript(path: Path) -> torch.jit.ScriptModule:
    """Read a TorchScript file.

    Raises:
        CaptureError: it is damaged, or holds code that does more than compute.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            require_unique_members(path, archive)
            for name in archive.namelist():
                if name.lower().endswith(".py"):
                    found = _FORBIDDEN.search(archive.read(name))
                    if found is not None:
                        raise refusal(path, f"code that uses {found[0].decode()}", "torch.jit.load")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return torch.jit.load(path, map_location="cpu")  # type: ignore[no-any-return,no-untyped-call]
    except CaptureError:
        raise
    except Exception as error:
        raise CaptureError(
            f"{path} can't be read as TorchScript: {explanation(error)} Write it again with "
            "torch.jit.save, or export the model it was made from."
        ) from error


def unscripted(
    script: torch.jit.ScriptModule, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[torch.nn.Module, tuple[Any, ...]]:
    """A module of plain operators that computes what a TorchScript module does.

    Branches and loops on values become ``torch.cond`` and ``while_loop``; parameters keep their
    names and whether they are trained. The paths of modules and the lines of the source are not
    known any more.

    Args:
        script: the module, in the mode in which it is to be converted.
        args: example inputs by position.
        kwargs: example inputs by name.

    Returns:
        The module, whose arguments are those of the script, and example inputs for all of them.

    Raises:
        CaptureError: PyTorch's converter can't read the module.
    """
    from torch._export.converter import TS2EPConverter

    given = _all_arguments(script, args, kwargs)
    try:
        program = TS2EPConverter(script, tuple(given.values())).convert()
    except Exception as error:
        raise CaptureError(
            f"PyTorch's converter can't read the TorchScript module {_name(script)}: "
            f"{explanation(error)} Export the module that it was made from with torch.export, "
            "and convert that."
        ) from error
    module = program.module(check_guards=False)
    for name in ("train", "eval"):  # an exported program's module refuses both
        vars(module).pop(name, None)
    _restore_parameters(module, script)
    _rename_arguments(module, list(given))
    return module, tuple(given.values())


def _name(script: torch.jit.ScriptModule) -> str:
    return str(getattr(script, "original_name", type(script).__name__))


def _all_arguments(
    script: torch.jit.ScriptModule, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Every argument of forward by name, in its order; defaults where nothing is given.

    Raises:
        CaptureError: the inputs don't fit.
    """
    forward: Any = script.forward
    schema = forward.schema.arguments[1:]
    names = [argument.name for argument in schema]
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    given = {a.name: a.default_value for a in schema if a.has_default_value()} | given
    missing = [name for name in names if name not in given]
    if missing or len(args) > len(names) or set(given) - set(names):
        raise CaptureError(
            f"the example inputs don't fit {_name(script)}.forward({', '.join(names)}): given were "
            f"{len(args)} positional input(s)"
            + (f" and {', '.join(kwargs)} by name." if kwargs else ".")
        )
    return {name: given[name] for name in names}


def _restore_parameters(module: torch.nn.Module, script: torch.jit.ScriptModule) -> None:
    """PyTorch's converter makes a buffer of every parameter."""
    held = {name for name, _ in module.named_buffers()}
    for name, parameter in script.named_parameters():
        if name in held:
            owner, _, leaf = name.rpartition(".")
            part = module.get_submodule(owner)
            tensor = part._buffers.pop(leaf)
            assert tensor is not None
            part.register_parameter(
                leaf, torch.nn.Parameter(tensor, requires_grad=parameter.requires_grad)
            )


def _rename_arguments(module: Any, names: list[str]) -> None:
    """Give the arguments of a generated forward the script's names."""
    code = module.graph._codegen
    code.pytree_info = code.pytree_info._replace(orig_args=names)
    module.recompile()
