"""What has been done already, so that an audit that was stopped goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fairfight.content import write_whole
from fairfight.errors import UserError


class Ledger:
    """Steps of one audit by name, each a JSON file that is written whole or not at all."""

    def __init__(self, folder: Path, identity: str) -> None:
        """Steps of an audit with another model, data, seed or code lie elsewhere and are not seen.

        Raises:
            UserError: The folder cannot be written.
        """
        self.folder = folder / "steps" / identity
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{folder} cannot be written ({error.strerror}): choose another place with --out."
            ) from error

    def find(self, name: str) -> Any:
        """A step's result, or none."""
        try:
            return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def keep(self, name: str, value: Any) -> None:
        """A step's result from now on.

        Raises:
            UserError: There is no room for it.
        """
        try:
            write_whole(self.folder / f"{name}.json", json.dumps(value, allow_nan=False).encode())
        except OSError as error:
            raise UserError(f"{self.folder} cannot be written ({error.strerror}): free some space there.") from error

    def step(self, name: str, make: Callable[[], Any]) -> Any:
        """A step's result, made if it has not been."""
        found = self.find(name)
        if found is None:
            found = make()
            self.keep(name, found)
        return found
