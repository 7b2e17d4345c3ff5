"""The console script: its commands, and its exit codes for wrong arguments and settings."""

import os
import signal
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points

import dagster as dg
import pytest

from sales_assets.catalog import partitions
from sales_assets.commands.__main__ import build_parser, main
from sales_assets.errors import RefusedError
from sales_assets_tests.support.data_dir import environment_with


def list_commands() -> list[str]:
    subparsers = build_parser()._subparsers
    assert subparsers is not None
    choices = subparsers._group_actions[0].choices
    assert choices is not None
    return [str(choice) for choice in choices]


def test_the_console_script_is_installed_and_every_command_has_a_module_of_its_name() -> None:
    [script] = [each for each in entry_points(group="console_scripts") if each.name == "sales-assets"]
    assert script.load() is main
    for name in list_commands():
        assert callable(import_module(f"sales_assets.commands.{name.replace('-', '_')}").run)


@pytest.fixture(autouse=True)
def _handlers_are_pythons_own_and_restored() -> Iterator[None]:
    """A suite that runs in the background of a shell has inherited that it ignores Ctrl-C."""
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    terminate = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, terminate)


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["doctor", "--fix"], ["backfill"]])
def test_wrong_arguments_exit_with_2_and_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: sales-assets" in capsys.readouterr().err


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", list_commands())
def test_ctrl_c_and_kill_end_every_command_with_130_and_one_sentence(
    name: str, ending: signal.Signals, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    command = import_module(f"sales_assets.commands.{name.replace('-', '_')}")
    monkeypatch.setattr(command, "run", lambda _: os.kill(os.getpid(), ending))
    arguments = {"alerts": ["test"], "backfill": ["2025-01-01", "2025-01-01"]}
    assert main([name, *arguments.get(name, [])]) == 130
    assert capfd.readouterr() == (
        "\nInterrupted. What was stored before is kept. Run the command again to finish.\n",
        "",
    )


def test_an_invalid_setting_exits_with_2_and_one_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with environment_with({"SALES_TIMEZONE": "Mars"}), pytest.raises(SystemExit) as end:
        main(["stop"])
    assert end.value.code == 2
    assert "SALES_TIMEZONE is 'Mars', but it must be" in capsys.readouterr().err


def test_before_the_first_day_is_over_a_window_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        partitions, "DAILY", dg.DailyPartitionsDefinition("2999-01-01", timezone="Europe/Rome")
    )
    with pytest.raises(RefusedError, match="business days are none: 2999-01-01, the first, is not over"):
        partitions.window_between("2025-01-01", "2025-01-02")
