"""The command line: one module for each command of ``parity``.

Commands are imported when they are called, so that ``parity --help`` loads neither a framework nor
a chart.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from parity.cli import failures
from parity.cli.failures import ExitCode

_COMMANDS = {
    "checkpoint": "Move weights between the frameworks' files.",
    "check": "Prove that two models compute the same function.",
    "compare": "Say what changed between runs of the operators.",
    "convert": "Convert a model to the other framework and prove it.",
    "gate": "Compare a report with the committed baseline.",
    "explain": "Say what is known of an operator.",
    "map": "Find out which weights of two models are which.",
    "ops": "Compare the frameworks' own operators.",
    "record": "Run operators in one framework, to judge another by elsewhere.",
    "replay": "Judge a framework by what another gave elsewhere.",
    "report": "Render a report again.",
}


class _Commands(click.Group):
    """A group that imports a command's module when the command is called, and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(importlib.import_module(f"parity.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="torch-tf-parity", prog_name="parity")
def parity() -> None:
    """Move models between PyTorch and TensorFlow and prove that they compute the same function.

    Exit codes: 0 parity; 1 mismatch, or the gate failed; 2 usage, or an input that can't be read; 3
    the model uses what is not supported; 4 a failure of this tool.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what follows the program's name; by default that of this process.

    Returns:
        The exit code.

    >>> int(main(["check"]))  # doctest: +ELLIPSIS
    2
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = parity.main(args=arguments, prog_name="parity", standalone_mode=False)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if "--debug" in arguments and not isinstance(error, click.ClickException):
            raise
        return failures.explain(error)
    return code if isinstance(code, int) else ExitCode.parity
