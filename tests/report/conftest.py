"""One made-up run, judged and written once for all tests of the room."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairfight.report.file import write
from fairfight.verdict import Verdict, judge
from tests.synthetic import Records, records


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker takes the room, so that the run is judged and written once."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("report"))


@pytest.fixture(scope="session")
def run() -> Records:
    return records()


@pytest.fixture(scope="session")
def verdicts(run: Records) -> list[Verdict]:
    return judge(run.matches, run.cases, run.tunings, run.seals, draws=400)


@pytest.fixture(scope="session")
def report(run: Records, verdicts: list[Verdict], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    return write(
        path, verdicts, run.matches, run.cases, run.seals, run.tunings,
        title="Fairfight: quick", command="fairfight run --suite quick", fingerprint="abc",
    )  # fmt: skip


@pytest.fixture(scope="session")
def text(report: Path) -> str:
    return report.read_text("utf-8")
