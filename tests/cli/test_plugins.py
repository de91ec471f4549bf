"""Lowerings of one's own on the command line."""

from __future__ import annotations

import json
import sys

import pytest


@pytest.fixture(autouse=True)
def _forgotten(own_lowerings, monkeypatch):
    monkeypatch.delitem(sys.modules, "my_lowerings", raising=False)
    yield
    sys.modules.pop("my_lowerings", None)


@pytest.mark.parametrize("plugin", ["my_lowerings.py", "my_lowerings"])
def test_a_plugin_lowers_the_operators_of_a_model(cli, tmp_path, plugin):
    done = cli("convert", "specimens:exotic", tmp_path / "out", "--plugin", plugin, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["passes"]
    assert "first.default has no derivative in PyTorch" in done.message


def test_a_saved_model_with_own_operators_is_checked(cli, tmp_path):
    cli("convert", "specimens:exotic", tmp_path / "out", "--plugin", "my_lowerings", "--no-check")
    done = cli("check", "specimens:exotic", tmp_path / "out", "--plugin", "my_lowerings",
               "--report", tmp_path / "report")  # fmt: skip
    assert done.code == 0, done.err


def test_without_the_plugin_the_message_names_the_option(cli, tmp_path):
    done = cli("convert", "specimens:exotic", tmp_path / "out")
    assert done.code == 3
    assert "--plugin" in done.message
    assert '@converters.lower("specimens::first.default")' in done.message


@pytest.mark.parametrize("plugin", ["nowhere.py", "nowhere"])
def test_a_plugin_that_does_not_exist_is_named(cli, tmp_path, plugin):
    done = cli("convert", "specimens:exotic", tmp_path / "out", "--plugin", plugin)
    assert done.code == 2
    assert f"--plugin {plugin} can't be imported" in done.message


def test_a_plugin_that_fails_is_forgotten(cli, tmp_path):
    bad = tmp_path / "bad_lowerings.py"
    bad.write_text('import converters\nconverters.lower("specimens::none")\n')
    done = cli("convert", "specimens:exotic", tmp_path / "out", "--plugin", bad)
    assert done.code == 2
    assert "PyTorch has no operator specimens::none" in done.message
    assert "bad_lowerings" not in sys.modules
