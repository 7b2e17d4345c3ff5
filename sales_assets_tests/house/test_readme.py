"""What the documents name is there: files, commands, tests, assets, settings."""

import re

import pytest

from sales_assets.definitions import build_definitions
from sales_assets.settings import ROOT, Settings

DOCUMENTS = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
README = (ROOT / "README.md").read_text()
TESTS = "".join(path.read_text() for path in (ROOT / "sales_assets_tests").rglob("test_*.py"))


@pytest.mark.parametrize(
    "document", ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_every_file_that_is_linked_is_there(document: str) -> None:
    folder = (ROOT / document).parent
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text())
    assert [link for link in links if not (folder / link).exists()] == []


def test_every_command_is_one_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE))
    assert len(named) > 8
    assert named <= set(targets)


def test_every_test_that_proves_a_guarantee_is_there() -> None:
    named = set(re.findall(r"`(test_[a-z_]+)`", README))
    assert len(named) > 5
    assert [name for name in named if f"def {name}(" not in TESTS] == []


def test_every_asset_and_setting_is_named() -> None:
    assets = build_definitions(Settings()).get_repository_def().asset_graph.get_all_asset_keys()
    landed = ("crm", "payments", "ads")
    names = [key.path[-1] for key in assets if key.path[0] not in landed]
    assert [name for name in names if name not in README] == []
    settings = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    table = README.partition("## Settings")[2]
    unnamed = [each for each in settings if not each.startswith("AWS_") and _shortest(each) not in table]
    assert unnamed == []


def _shortest(setting: str) -> str:
    """A name as the table may have it: without the first word, which it shares with the one before it."""
    return "_" + setting.partition("_")[2]
