"""What a ``SOURCE`` on the command line stands for."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters import is_tensorflow
from parity.cli.failures import UnusableError
from parity.cli.inputs import InputSpec, draw, drawn, read_npz

_CHECKPOINTS = frozenset({".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".h5", ".pkl"})

_MODEL_FILES = frozenset({".keras", ".pb", ".tflite", ".pt2"})


@dataclass(frozen=True, slots=True, eq=False)
class LoadedSource:
    """A source model and the inputs that came with it.

    Attributes:
        model: a ``torch.nn.Module`` or a ``torch.export.ExportedProgram``; or a model of
            TensorFlow's or Keras's, or the file of one.
        inputs: example inputs, if the source has some of its own.
        name: a short name for reports.
    """

    model: Any
    inputs: Any
    name: str


def load_source(
    text: str,
    weights: Path | None = None,
    signature: str | None = None,
    custom_objects: Sequence[str] = (),
) -> LoadedSource:
    """Load a source, and weights into it.

    Args:
        text: a ``.pt2`` or TorchScript file, a Hugging Face folder, a file or folder of
            TensorFlow's, or ``package.module:callable``.
        weights: a checkpoint for the module that the callable returns.
        signature: which of a SavedModel's.
        custom_objects: ``package.module:NAME`` of classes and functions that a Keras file names.

    Raises:
        UnusableError: it is none of them, or can't be loaded.
        converters.ConversionError: a file is damaged, unsafe, or of another model.
    """
    if (signature or custom_objects) and not (is_tensorflow(text) and Path(text).exists()):
        option = "--signature" if signature else "--custom-objects"
        raise UnusableError(f"{option} is for files of TensorFlow's and Keras's; {text} is none.")
    loaded = _loaded(text, signature, custom_objects)
    if weights is not None:
        import converters

        converters.load_weights(loaded.model, weights)
    return loaded


def _loaded(text: str, signature: str | None, custom_objects: Sequence[str]) -> LoadedSource:
    path = Path(text)
    if is_tensorflow(path) and path.exists():
        from converters import model_file

        own = {name.rpartition(":")[2].split(".")[-1]: found(name) for name in custom_objects}
        model = model_file(path, signature=signature, custom_objects=own)
        return tensorflow_loaded(model, path.stem)
    if path.is_dir():
        return _huggingface(path)
    if path.suffix == ".pt2":
        return _exported(path)
    if path.is_file():
        return _scripted(path)
    if ":" in text:
        return _called(text)
    raise UnusableError(
        f"{text} does not exist. Name a .pt2 file, a Hugging Face folder with a config.json, a "
        ".keras file, a SavedModel folder, or package.module:callable that returns the model."
    )


def tensorflow_loaded(model: Any, name: str, inputs: Any = None) -> LoadedSource:
    """A model of TensorFlow's, with drawn inputs where it has none of its own.

    Raises:
        converters.ConversionError: it can't be opened.
    """
    if inputs is None:
        inputs = _inputs_of(model)
    return LoadedSource(model, inputs, name)


def _inputs_of(model: Any) -> Any:
    """Drawn numbers for what a model says that it takes; None where it doesn't say."""
    from converters import InputsNeededError, tf_graph

    try:
        graph = tf_graph(model)
    except InputsNeededError:
        return None
    specs = [InputSpec(i.name, i.spec.hint, i.spec.dtype) for i in graph.inputs]
    return {spec.name: draw(spec, seed) for seed, spec in enumerate(specs)}


def _exported(path: Path) -> LoadedSource:
    from converters import load_pt2

    program = load_pt2(path)
    return LoadedSource(program, program.example_inputs, path.stem)


def _scripted(path: Path) -> LoadedSource:
    from converters import is_torchscript, load_source

    if not is_torchscript(path):
        raise UnusableError(_not_a_model(path))
    return LoadedSource(load_source(path), None, path.stem)


def _not_a_model(path: Path) -> str:
    if path.suffix in _CHECKPOINTS:
        return (
            f"{path} is a checkpoint: it holds weights, but not the code that uses them, so there "
            "is no model to convert. Name a function that builds the module as "
            "package.module:callable and pass the file with --weights; or export the module with "
            "torch.export.save to a .pt2 file."
        )
    return (
        f"{path} is no kind of model known here. Name a .pt2 file, a Hugging Face folder with a "
        "config.json, or package.module:callable."
    )


def _huggingface(path: Path) -> LoadedSource:
    config = path / "config.json"
    if not config.is_file():
        raise UnusableError(
            f"{path} is a folder without a config.json, so it is not a Hugging Face model."
        )
    try:
        import transformers
    except ImportError as error:
        raise UnusableError(
            "a Hugging Face folder needs transformers: pip install 'torch-tf-parity[transformers]'."
        ) from error
    try:
        named = json.loads(config.read_text()).get("architectures") or []
        names = [name for name in named if isinstance(name, str)]
    except (ValueError, AttributeError) as error:
        raise UnusableError(f"{config} is not a JSON object: {error}") from error
    found = [getattr(transformers, name, None) for name in names]
    loader = next((cls for cls in found if cls is not None), transformers.AutoModel)
    try:
        model = loader.from_pretrained(
            path, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
    except Exception as error:
        raise UnusableError(
            f"{path} can't be loaded by transformers: {one_line(error)} Weights are read from "
            "safetensors files only."
        ) from error
    if hasattr(model.config, "use_cache"):
        model.config.use_cache = False
    return LoadedSource(model.eval(), _huggingface_inputs(model), path.resolve().name)


def _huggingface_inputs(model: Any) -> Any:
    """Inputs by what the model's own configuration says of them; None if it says nothing."""
    config = model.config
    text = getattr(config, "get_text_config", lambda: config)()
    if model.main_input_name == "input_ids" and getattr(text, "vocab_size", 0):
        specs = [f"input_ids=2x16:int64:0..{text.vocab_size - 1}", "attention_mask=2x16:int64:1..1"]
        return drawn(specs, 0)[1]
    size, channels = getattr(config, "image_size", None), getattr(config, "num_channels", 3)
    if model.main_input_name == "pixel_values" and isinstance(size, int):
        return drawn([f"pixel_values=1x{channels}x{size}x{size}"], 0)[1]
    return None


def _called(text: str) -> LoadedSource:
    import torch

    result = call(text)
    inputs = None
    if isinstance(result, tuple) and len(result) == 2:
        result, inputs = result
    if is_tensorflow(result):
        return tensorflow_loaded(result, text.partition(":")[2], inputs)
    if not isinstance(result, torch.nn.Module | torch.export.ExportedProgram):
        raise UnusableError(
            f"{text} returned {_a(result)}. It has to return a torch.nn.Module, a Keras model or a "
            "tf.function, or a pair of a module and its example inputs."
        )
    return LoadedSource(result, inputs, text.partition(":")[2])


def load_target(text: str) -> Any:
    """The path of a SavedModel folder or model file, or what ``package.module:callable`` returns.

    Raises:
        UnusableError: it is neither, or the callable fails.
    """
    path = Path(text)
    if path.is_dir():
        if not (path / "saved_model.pb").is_file():
            raise UnusableError(
                f"{path} is a folder without a saved_model.pb, so it is no SavedModel."
            )
        return path
    if path.is_file() and path.suffix in _MODEL_FILES:
        return path
    if path.is_file():
        raise UnusableError(
            f"{path} is no kind of target known here. Name a SavedModel folder, a .pb, .tflite, "
            ".keras or .pt2 file, or package.module:callable that returns a Keras model, a "
            "tf.Module or a PyTorch module."
        )
    if ":" not in text:
        raise UnusableError(
            f"{text} does not exist. Name a SavedModel folder, a .pb, .tflite, .keras or .pt2 "
            "file, or package.module:callable."
        )
    target = call(text)
    if not callable(target):
        raise UnusableError(
            f"{text} returned {_a(target)}. It has to return a Keras model, a tf.Module, a "
            "tf.function or a PyTorch module."
        )
    return target


def call(text: str) -> Any:
    """Import ``package.module``, the working folder first, and call the callable.

    Raises:
        UnusableError: the module can't be imported, has no such callable, or the callable raises.
    """
    function = found(text)
    if not isinstance(function, Callable):  # type: ignore[arg-type]
        module_name, _, name = text.partition(":")
        raise UnusableError(f"{text}: {module_name} has no callable called {name}.")
    try:
        return function()
    except Exception as error:
        raise UnusableError(
            f"{text} raised {one_line(error)} --debug shows where. It is called without arguments."
        ) from error


def found(text: str) -> Any:
    """What ``package.module:NAME`` stands for; the module is imported, the working folder first.

    Raises:
        UnusableError: the module can't be imported, or has nothing of that name.
    """
    module_name, _, name = text.partition(":")
    if not name:
        raise UnusableError(f"{text} names no module and object. Write package.module:NAME.")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise UnusableError(
            f"{text}: {module_name} can't be imported: {one_line(error)} It is looked for in the "
            "working "
            "folder and among the installed packages."
        ) from error
    item: Any = module
    for part in name.split("."):
        item = getattr(item, part, None)
    if item is None:
        raise UnusableError(f"{text}: {module_name} has no callable called {name}.")
    return item


def choose_inputs(source: LoadedSource, specs: Sequence[str], file: Path | None, seed: int) -> Any:
    """The inputs that the user asked for, else the source's own.

    Args:
        source: the source.
        specs: texts of ``--input``.
        file: the path of ``--inputs``.
        seed: of drawn inputs.

    Returns:
        What ``converters.torch_to_tf`` takes: a pair of a tuple and a dict.

    Raises:
        UnusableError: there are none, or both a file and specs were given.
    """
    if specs and file:
        raise UnusableError("--input and --inputs exclude each other: draw inputs or read them.")
    if file:
        args, kwargs = read_npz(file)
    elif specs:
        args, kwargs = drawn(specs, seed)
    elif source.inputs is None:
        raise UnusableError(
            f"{source.name} comes without example inputs. Say what it takes with --input, for "
            "example "
            "--input 1x3x224x224, or with --inputs FILE.npz."
        )
    else:
        return as_call(source.inputs)
    return _tensors(args), {name: _tensors([array])[0] for name, array in kwargs.items()}


def require_fitting(source: LoadedSource, inputs: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    """Run an exported program once: inputs that don't fit are no failure of the conversion.

    Modules are tried when they are captured.

    Raises:
        UnusableError: the program refuses the inputs.
    """
    import torch

    if not isinstance(source.model, torch.export.ExportedProgram):
        return
    args, kwargs = inputs
    try:
        with torch.no_grad():
            source.model.module()(*args, **kwargs)
    except Exception as error:
        given = [_described(value) for value in args]
        given += [f"{name}={_described(value)}" for name, value in kwargs.items()]
        raise UnusableError(
            f"{source.name} can't be called with ({', '.join(given)}): {one_line(error)} "
            "Give inputs that fit it with --input or --inputs."
        ) from error


def _described(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if shape is None:
        return type(value).__name__
    return f"{'x'.join(map(str, shape)) or 'scalar'}:{str(value.dtype).removeprefix('torch.')}"


def as_call(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Inputs in any of the accepted forms as a pair of positional and named ones.

    >>> as_call({"x": 1})
    ((), {'x': 1})
    """
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    if not isinstance(inputs, tuple | list):
        return (inputs,), {}
    if len(inputs) == 2 and isinstance(inputs[0], tuple) and isinstance(inputs[1], dict):
        return inputs[0], inputs[1]
    return tuple(inputs), {}


def _tensors(arrays: Sequence[Any]) -> tuple[Any, ...]:
    import torch

    return tuple(
        torch.from_numpy(array.view("int16")).view(torch.bfloat16)
        if array.dtype.name == "bfloat16"
        else torch.from_numpy(array)
        for array in arrays
    )


def _a(value: object) -> str:
    return "None" if value is None else f"an object of type {type(value).__name__}"


def one_line(error: BaseException) -> str:
    """An error as one sentence, shortened."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    text = text if len(text) <= 500 else text[:497] + "..."
    return text if text.endswith((".", "!", "?")) else f"{text}."
