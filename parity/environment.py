"""Where the numbers were made: versions, processor, threads, switches that change arithmetic.

Only what is imported already is asked, so collecting never loads a framework. Whether a framework
flushes denormals is measured, not looked up: half of a denormal is computed in it.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from parity.results import Environment

_PACKAGES = (
    "torch", "tensorflow", "keras", "numpy", "onnx", "onnxruntime", "transformers", "safetensors",
    "ml_dtypes", "torchvision", "timm", "scipy", "h5py", "tf2onnx", "jax", "tokenizers", "networkx",
    "hypothesis",
)  # fmt: skip
_OWN = "torch-tf-parity"
_ARITHMETIC = (
    "sse2", "sse4", "avx", "fma", "f16c", "amx", "bf16", "fp16", "fphp", "asimd", "neon", "sve",
    "sme", "i8mm",
)  # fmt: skip
_VARIABLES = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "MKL_CBWR", "TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA",
    "ONEDNN_DEFAULT_FPMATH_MODE", "NVIDIA_TF32_OVERRIDE", "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS",
    "CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "XLA_FLAGS", "TF_XLA_FLAGS", "KERAS_BACKEND",
)  # fmt: skip
_DENORMAL = 0x00400000


def collect() -> Environment:
    """The environment of this process, as far as what is imported tells.

    Runs one multiplication in each imported framework, to see whether it flushes denormals to zero.
    """
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
    settings = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    threads = {"cpus": _usable_cpus()}
    gpu: list[str] = []
    for framework, ask in ((torch, _ask_torch), (tensorflow, _ask_tensorflow)):
        if framework is not None:
            found = ask(framework)
            settings |= found.settings
            threads |= found.threads
            gpu = gpu or found.gpus
    cpu, flags = processor()
    return Environment(
        versions=versions(),
        python=platform.python_version(),
        platform=platform.platform(),
        cpu=cpu,
        cpu_flags=flags,
        gpu=", ".join(gpu) or "none",
        threads=dict(sorted(threads.items())),
        settings=dict(sorted(settings.items())),
    )


class _Answers:
    """What one framework says; what it can't say is written down as such."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.settings: dict[str, str] = {}
        self.threads: dict[str, int] = {}
        self.gpus: list[str] = []

    def setting(self, name: str, ask: Callable[[], object]) -> None:
        """One switch, in words."""
        self.settings[f"{self.name}: {name}"] = _in_words(_answer(ask))

    def thread(self, name: str, ask: Callable[[], object]) -> None:
        """One number of threads; 0 is the framework's own choice."""
        answer = _answer(ask)
        if isinstance(answer, int):
            self.threads[f"{self.name}: {name}"] = answer


def _ask_torch(torch: ModuleType) -> _Answers:
    says = _Answers("torch")
    says.setting("TF32 in matmul", lambda: torch.backends.cuda.matmul.allow_tf32)
    says.setting("TF32 in cuDNN", lambda: torch.backends.cudnn.allow_tf32)
    says.setting("float32 matmul precision", torch.get_float32_matmul_precision)
    mkldnn = torch.backends.mkldnn
    says.setting("oneDNN", lambda: mkldnn.is_available() and bool(mkldnn.enabled))
    says.setting("deterministic algorithms", torch.are_deterministic_algorithms_enabled)
    says.setting("flush to zero", lambda: _torch_flushes(torch))
    says.setting("BLAS", lambda: "MKL" if torch.backends.mkl.is_available() else "other")
    says.thread("within an operator", torch.get_num_threads)
    says.thread("between operators", torch.get_num_interop_threads)
    says.gpus = _gpus_of_torch(torch)
    return says


def _gpus_of_torch(torch: ModuleType) -> list[str]:
    cuda = torch.cuda
    names = _answer(lambda: [cuda.get_device_name(i) for i in range(cuda.device_count())])
    return names if isinstance(names, list) else []


def _torch_flushes(torch: ModuleType) -> bool:
    denormal = torch.from_numpy(_denormals())
    return not (denormal * 0.5).numpy().view(np.uint32).any()


def _ask_tensorflow(tensorflow: ModuleType) -> _Answers:
    says = _Answers("tensorflow")
    config = tensorflow.config
    says.setting("TF32", config.experimental.tensor_float_32_execution_enabled)
    says.setting("oneDNN", _tensorflow_onednn)
    says.setting("flush to zero", lambda: _tensorflow_flushes(tensorflow))
    says.setting("XLA for every function", lambda: config.optimizer.get_jit() or "off")
    says.thread("within an operator", config.threading.get_intra_op_parallelism_threads)
    says.thread("between operators", config.threading.get_inter_op_parallelism_threads)
    says.gpus = _gpus_of_tensorflow(config)
    return says


def _gpus_of_tensorflow(config: Any) -> list[str]:
    def names() -> list[str]:
        devices = config.list_physical_devices("GPU")
        details = [config.experimental.get_device_details(device) for device in devices]
        return [
            detail.get("device_name", device.name)
            for detail, device in zip(details, devices, strict=True)
        ]

    found = _answer(names)
    return found if isinstance(found, list) else []


def _tensorflow_onednn() -> bool | str:
    """Whether oneDNN's kernels are on; TensorFlow has no public way to ask."""
    port = sys.modules.get("tensorflow.python.util._pywrap_util_port")
    if port is not None and hasattr(port, "IsMklEnabled"):
        return bool(port.IsMklEnabled())
    return os.environ.get("TF_ENABLE_ONEDNN_OPTS", "unknown")


def _tensorflow_flushes(tensorflow: ModuleType) -> bool:
    with tensorflow.device("/CPU:0"):
        product = tensorflow.constant(_denormals()) * 0.5
    return not product.numpy().view(np.uint32).any()


def _denormals() -> np.ndarray:
    return np.full(64, _DENORMAL, np.uint32).view(np.float32)


def _answer(ask: Callable[[], object]) -> object:
    """The answer, or None where this version of the framework has none.

    A report must not fail for a switch that was renamed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ask()
        except (AttributeError, RuntimeError, ValueError, AssertionError, ImportError):
            return None


def _in_words(answer: object) -> str:
    if answer is None:
        return "unknown"
    if isinstance(answer, bool):
        return "on" if answer else "off"
    return str(answer)


def versions() -> dict[str, str]:
    """The releases of what is imported, and of this project, by name."""
    found = {name: _version(name, sys.modules[name]) for name in _PACKAGES if name in sys.modules}
    found[_OWN] = _distribution(_OWN)
    return dict(sorted(found.items()))


def _version(name: str, module: ModuleType) -> str:
    version = _answer(lambda: module.__version__)
    return version if isinstance(version, str) else _distribution(name)


def _distribution(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 0


@cache
def processor() -> tuple[str, tuple[str, ...]]:
    """Model name, and those flags that say which arithmetic the processor has."""
    fields = _cpuinfo(Path("/proc/cpuinfo"))
    model = fields.get("model name") or _arm_model(fields) or _macos_model()
    flags = (fields.get("flags") or fields.get("features") or "").split()
    chosen = sorted(flag for flag in set(flags) if flag.startswith(_ARITHMETIC) and flag != "smep")
    return model or platform.processor() or platform.machine() or "unknown", tuple(chosen)


def processor_words(model: str, flags: Sequence[str]) -> str:
    """A processor's model and flags in one text, as known differences ask for them."""
    return " ".join((model, *flags))


def _cpuinfo(path: Path) -> dict[str, str]:
    """The first processor's fields, by lower-case name."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.split("\n\n", 1)[0].splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _arm_model(fields: dict[str, str]) -> str:
    implementer, part = fields.get("cpu implementer"), fields.get("cpu part")
    return (
        f"{platform.machine()} implementer {implementer} part {part}"
        if implementer and part
        else ""
    )


def _macos_model() -> str:
    if sys.platform != "darwin":
        return ""
    command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip()
