"""What holds for all tests: shapes in annotations are checked, and torch runs on one thread as in a sitting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jaxtyping import install_import_hook

# Before anything imports these rooms.
install_import_hook(["fairfight.subject", "fairfight.parts"], "beartype.beartype")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """What is asserted bitwise holds on one thread; small tensors on a busy machine are also faster on it."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
