"""What the documents name is there: files, commands, tests, assets, settings."""

import re
import tomllib

import pytest

from sales_assets.definitions import defs
from sales_assets.monitoring.alerts.alert import Kind
from sales_assets.settings import ROOT, RUNBOOK_URL

README = (ROOT / "README.md").read_text()
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
TESTS = "".join(path.read_text() for path in (ROOT / "sales_assets_tests").rglob("test_*.py"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_is_linked_is_there(document: str) -> None:
    folder = (ROOT / document).parent
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text())
    assert [link for link in links if not (folder / link).exists()] == []


def test_every_command_is_one_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    texts = "".join((ROOT / document).read_text() for document in DOCUMENTS)
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", texts, re.MULTILINE))
    assert len(named) > 8
    assert named <= set(targets)


def test_every_test_that_proves_a_guarantee_is_there() -> None:
    named = set(re.findall(r"`(test_[a-z_]+)`", README))
    assert len(named) > 5
    assert [name for name in named if f"def {name}(" not in TESTS] == []


def test_every_asset_and_setting_is_named() -> None:
    assets = defs.get_repository_def().asset_graph.get_all_asset_keys()
    landed = ("crm", "payments", "ads")
    names = [key.path[-1] for key in assets if key.path[0] not in landed]
    assert [name for name in names if name not in README] == []
    settings = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    table = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in settings if not name.startswith("AWS_") and f"`{name}`" not in table] == []


def test_the_front_door_is_short_and_the_index_of_the_documents_is_whole() -> None:
    assert len(README.split()) <= 1300
    index = (ROOT / "docs" / "README.md").read_text()
    pages = [path.name for path in (ROOT / "docs").glob("*.md") if path.name != "README.md"]
    assert [page for page in pages if f"({page})" not in index] == []


def test_every_alert_has_a_section_of_the_runbook_with_a_command_and_every_section_an_alert() -> None:
    _, *sections = re.split(r"^## ", (ROOT / "docs" / "runbook.md").read_text(), flags=re.MULTILINE)
    anchors = [section.partition("\n")[0].lower().replace("'", "").replace(" ", "-") for section in sections]
    assert anchors == [*dict.fromkeys(anchors)]
    assert set(anchors) == set(Kind)
    parts = ("**Means:** ", "**Look:** ", "**Do:** ")
    assert [section for section in sections if not all(section.count(part) == 1 for part in parts)] == []
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    assert f"{urls['Documentation']}/runbook.md".replace("/tree/", "/blob/") == RUNBOOK_URL


def test_every_room_has_its_row_and_every_file_that_the_architecture_names_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    package = ROOT / "sales_assets"
    names = set(re.findall(r"`([\w/]+(?:\.py|\.sql|/))`", text))
    missing = [name for name in names if not (package / name).exists() and not [*package.rglob(name)]]
    assert missing == []
    rooms = [path.name for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert [room for room in rooms if f"`{room}/`" not in text.partition("## The way")[0]] == []
