"""Which code a thing is made of: what it imports, wherever, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairfight import content
from fairfight.content import code_id

FILES = {
    "__init__.py": "",
    "parts/__init__.py": "",
    "parts/pca.py": "def pca(): ...\n",
    "parts/sae.py": "def sae(): ...\n",
    "parts/knn.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.parts import sae\n",
    "subject/__init__.py": "def __getattr__(name): ...\n",
    "subject/hooks.py": "",
    "arena/__init__.py": "",
    "arena/meter.py": "",
    "tasks/__init__.py": "",
    "tasks/tool.py": (
        "import house.arena.meter\n"
        "from house.subject import hooks_by_another_name\n"
        "def tool():\n    from house.parts import knn\n    from house.parts.pca import pca\n"
    ),
    "tasks/suites/__init__.py": "",
    "tasks/suites/rows.py": "",
    "tasks/task.py": "from house.tasks.suites import rows\nfrom house.tasks import tool\n",
}
ROOMS = ("parts", "subject", "tasks")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "house"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(content, "_HERE", root)
    monkeypatch.setattr(content, "_PACKAGE", "house")
    return root


def changes(house: Path, name: str, *of: str) -> bool:
    """Whether another text in a file makes another identity."""
    before = code_id(*of, rooms=ROOMS)
    text = (house / name).read_text()
    (house / name).write_text(text + "# more\n")
    after = code_id(*of, rooms=ROOMS)
    (house / name).write_text(text)
    assert code_id(*of, rooms=ROOMS) == before
    return before != after


def test_what_is_imported_counts_at_any_depth(house: Path) -> None:
    for name in ("tasks/task.py", "tasks/tool.py", "parts/pca.py", "parts/knn.py", "parts/__init__.py"):
        assert changes(house, name, "house.tasks.task"), name
    assert changes(house, "subject/hooks.py", "house.tasks.task"), "a name that only calling the package finds"


def test_what_is_not_imported_does_not(house: Path) -> None:
    for name in ("parts/sae.py", "arena/meter.py", "tasks/suites/rows.py"):
        assert not changes(house, name, "house.tasks.task"), name
    assert changes(house, "parts/sae.py", "house.tasks.task", "house.parts.sae"), "unless it is named"


def test_a_file_from_elsewhere_counts_with_what_it_imports_here(house: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import os\nfrom house.parts.pca import pca\n")
    mine = str(tmp_path / "mine.py")
    assert changes(house, "../mine.py", mine)
    assert changes(house, "parts/pca.py", mine)
    assert not changes(house, "parts/knn.py", mine)
