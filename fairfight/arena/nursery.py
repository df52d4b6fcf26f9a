"""The nursery: one process that imports what is heavy once and forks every referee and host from itself."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR")
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in _THREADS}


@dataclass(frozen=True)
class Ends:
    """The lane's ends of the lines to its two processes."""

    referee: Connection
    host: Connection


def start(
    lanes: int, tasks: Sequence[str], modalities: Sequence[str], modules: Sequence[str] = (), *, log: int
) -> tuple[subprocess.Popen[bytes], list[Ends]]:
    """Start the nursery and through it a referee and a host for each lane.

    A fresh interpreter, not a fork of this one and not multiprocessing's spawn: the caller's own script is never
    imported again, and torch never gets a thread before the forks.

    Args:
        lanes: How many matches may run at once.
        tasks: Names of the tasks whose imports are warmed.
        modalities: What the cases are made of ("vision", "language").
        modules: Further modules that register contenders when imported.
        log: File descriptor that takes what the processes print.
    """
    pairs = [socket.socketpair() for _ in range(2 * lanes)]
    theirs = [b.fileno() for _, b in pairs]
    arguments = [",".join(map(str, theirs)), ",".join(tasks), ",".join(modalities), ",".join(modules)]
    process = subprocess.Popen(
        [sys.executable, "-c", "from fairfight.arena.nursery import main; main()", *arguments],
        pass_fds=theirs,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={**os.environ, **_ONE_THREAD, "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    for _, b in pairs:
        b.close()
    ours = [Connection(a.detach()) for a, _ in pairs]
    return process, [Ends(r, h) for r, h in zip(ours[::2], ours[1::2], strict=True)]


def _import_parts() -> None:
    """All that contenders are built of: what is imported here is not imported in every sitting."""
    import fairfight.parts

    for module in pkgutil.walk_packages(fairfight.parts.__path__, "fairfight.parts."):
        importlib.import_module(module.name)


def _warm_optimisers() -> None:
    """Torch's import a compiler when they are first called, four seconds: once here, not in every sitting.

    Contenders of this package have no need of them; those from outside may. (A task from outside says for itself what
    is to be warm.)
    """
    import torch

    weight = torch.zeros(2, requires_grad=True)
    weight.grad = torch.zeros(2)
    torch.optim.Adam([weight], fused=True).step()


def main() -> None:
    """The nursery's own program."""
    from fairfight.arena.host import die_with_parent, serve_host
    from fairfight.arena.pages import collapse
    from fairfight.arena.referee import serve_referee
    from fairfight.tasks import registry

    die_with_parent()
    fds = [int(x) for x in sys.argv[1].split(",")]
    tasks = [x for x in sys.argv[2].split(",") if x]
    modalities = [x for x in sys.argv[3].split(",") if x]
    lines = [Connection(fd) for fd in fds]
    import torch

    import fairfight.arena.meter
    import fairfight.arena.readings
    import fairfight.arena.sitting  # noqa: F401  (imported once here, not in every fork)

    torch.set_num_threads(1)
    outside = [x for x in sys.argv[4].split(",") if x]
    for name in outside:
        importlib.import_module(name)
    known = registry.tasks()
    if outside and any(type(known[name]).__module__.startswith("fairfight.") for name in tasks):
        _warm_optimisers()
    for name in tasks:
        known[name].warm(modalities)
        registry.contenders(name)
    _import_parts()
    gc.collect()
    gc.freeze()  # forked children then leave these objects' pages shared
    collapse()
    children = []
    for i, line in enumerate(lines):
        child = os.fork()
        if child == 0:
            die_with_parent()
            for other in lines:
                if other is not line:
                    other.close()
            try:
                (serve_host if i % 2 else serve_referee)(line)
            finally:
                os._exit(0)
        children.append(child)
    for line in lines:
        line.close()
    for child in children:
        os.waitpid(child, 0)
