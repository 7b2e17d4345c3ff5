"""The console script: which commands there are, and how it ends when it cannot start."""

from importlib import import_module
from importlib.metadata import entry_points

import pytest

from sales_assets.commands.__main__ import build_parser, main
from sales_assets.settings import settings


def commands() -> list[str]:
    actions = build_parser()._subparsers._group_actions  # type: ignore[union-attr]
    return list(actions[0].choices)  # type: ignore[arg-type]


def test_the_console_script_is_installed_and_every_command_has_a_module_of_its_name() -> None:
    [script] = [each for each in entry_points(group="console_scripts") if each.name == "sales-assets"]
    assert script.load() is main
    for name in commands():
        assert callable(import_module(f"sales_assets.commands.{name.replace('-', '_')}").run)


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["doctor", "--fix"], ["backfill"]])
def test_wrong_arguments_end_with_2_and_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: sales-assets" in capsys.readouterr().err


def test_a_wrong_setting_ends_a_command_with_2_and_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SALES_TIMEZONE", "Mars")
    settings.cache_clear()
    try:
        with pytest.raises(SystemExit) as end:
            main(["stop"])
    finally:
        settings.cache_clear()
    assert end.value.code == 2
    assert "SALES_TIMEZONE is 'Mars', but it must be" in capsys.readouterr().err
