"""Registering a contender is decorating a function; what is wrong with it is said at once."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from fairfight.errors import UserError
from fairfight.tasks import registry
from fairfight.tasks.registry import Choice, Log, Uniform, baseline, tool


@pytest.fixture(autouse=True)
def clean_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.contenders()
    monkeypatch.setattr(registry, "_contenders", dict(registry._contenders))
    monkeypatch.setattr(registry, "_makers", {k: list(v) for k, v in registry._makers.items()})


def test_keyword_arguments_with_ranges_are_the_search_space() -> None:
    @tool("detect", source="Somebody 2026")
    def a_method(
        brief: Any,
        *,
        width: Annotated[int, Log(8, 64)] = 16,
        share: Annotated[float, Uniform(0.1, 0.9)] = 0.5,
        how: Annotated[str, Choice("mean", "max")] = "mean",
        fixed: int = 3,
    ) -> None:
        """Do something.

        And more.
        """

    found = registry.contender("detect", "a-method")
    assert found.space == {"width": Log(8, 64), "share": Uniform(0.1, 0.9), "how": Choice("mean", "max")}
    assert found.defaults == {"width": 16, "share": 0.5, "how": "mean", "fixed": 3}
    assert found.summary == "Do something."
    assert found.kind == "tool"


def test_a_contender_says_what_it_does() -> None:
    with pytest.raises(UserError, match="docstring"):

        @tool("detect", source="x")
        def silent(brief: Any) -> None: ...


def test_an_option_has_a_default() -> None:
    with pytest.raises(UserError, match="'size' needs a default"):

        @baseline("detect", source="x")
        def unsure(brief: Any, *, size: int) -> None:
            """Need a size."""


def test_two_contenders_may_not_share_a_name() -> None:
    with pytest.raises(UserError, match="rename one"):

        @baseline("detect", source="x", name="mahalanobis")
        def another(brief: Any) -> None:
            """Pretend."""


def test_unknown_names_are_a_users_error() -> None:
    with pytest.raises(UserError, match="did you mean 'detect'"):
        registry.task("detetc")
    with pytest.raises(UserError, match="did you mean 'mahalanobis'"):
        registry.contender("detect", "mahalonobis")


def test_every_contender_names_its_source_and_its_defaults_lie_in_range() -> None:
    for c in registry.contenders():
        assert c.source
        assert c.summary.endswith(".")
        for name, r in c.space.items():
            value = c.defaults[name]
            assert value in r.options if isinstance(r, Choice) else r.low <= value <= r.high


def test_the_field_has_every_kind() -> None:
    kinds = [c.kind for c in registry.contenders("detect")]
    assert kinds.count("tool") >= 3
    assert kinds.count("baseline") >= 6
    assert {"random", "oracle", "placebo"} <= set(kinds)


def test_contenders_can_be_made_by_name_when_somebody_asks() -> None:
    def make(name: str) -> registry.Contender | None:
        family, _, part = name.partition("+")
        if family != "family" or not part:
            return None
        if part not in ("one", "two"):
            raise UserError(f"Unknown part {part!r}.")

        def run(brief: Any, *, width: Annotated[int, Log(1, 9)] = 3) -> str:
            """Do what its part says."""
            return part

        return registry.describe(run, "detect", "tool", "Somebody 2026", name)

    registry.register_maker("detect", make)
    found = registry.contender("detect", "family+one")
    assert (found.run(None), found.space) == ("one", {"width": Log(1, 9)})
    assert "family+one" not in {c.name for c in registry.contenders("detect")}, "nobody asked for the whole grid"
    with pytest.raises(UserError, match="Unknown part 'three'"):
        registry.contender("detect", "family+three")
    with pytest.raises(UserError, match="Unknown contender"):
        registry.contender("detect", "other+one")
    codes = registry.fingerprints("detect", ["family+one", "family+gone", "nobody"])
    assert codes["family+one"] == found.fingerprint
    assert not {"family+gone", "nobody", "family+two"} & codes.keys()
