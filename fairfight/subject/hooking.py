"""Reading and writing activations by plain PyTorch hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jaxtyping import Float
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.subject.inputs import Inputs
from fairfight.subject.sites import Site

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject

Write = Callable[[Tensor], Tensor]


class Reached(BaseException):
    """All that was to be read has been read; not an error, so that no ``except Exception`` in a model holds it up."""


class Tape(dict[str, Tensor]):
    """What was read, by site, from the latest call."""


@contextmanager
def hooks(
    subject: Subject,
    reads: Iterable[str] = (),
    writes: Mapping[str, Write] | None = None,
    *,
    stop: bool = False,
) -> Iterator[Tape]:
    """Read and write sites of ``subject`` in the calls made inside the context.

    A read gives the live tensor (with its graph, in grad mode) after any write at the same site. A write gets the
    activation and gives the new one; one that gives back the tensor it got changes nothing. Hooks are removed on
    leaving, also after an exception. Contexts nest: an inner one gets what the outer ones have written.

    Args:
        subject: The subject to be called.
        reads: Sites to put on the tape.
        writes: A function a site, of the activation in the site's shape.
        stop: Raise :class:`Reached` as soon as every read is on the tape; clear it before the next call.

    Raises:
        UserError: A site is not known, or a write gives another shape.
    """
    writes = writes or {}
    tape = Tape()
    wanted = tuple(dict.fromkeys(reads))
    asked = {name: subject.site(name) for name in (*wanted, *writes)}
    # Two names can mean one tensor (BERT's last stream and its final state): hooks go on in the sites' own order.
    sites = [s for s in subject.anatomy.sites.values() if s.name in asked] if len(asked) > 1 else list(asked.values())
    handles = []

    def visit(site: Site, value: Tensor) -> Tensor | None:
        """Write, then read; gives the tensor that replaces the model's, if one does."""
        seen = value.view(*value.shape[:-1], site.heads, -1) if site.heads else value
        changed = None
        if site.name in writes:
            new = writes[site.name](seen)
            if new is not seen:
                if not isinstance(new, Tensor) or new.shape != seen.shape:
                    got = tuple(new.shape) if isinstance(new, Tensor) else type(new).__name__
                    raise UserError(f"The write at {site.name} must give shape {tuple(seen.shape)}, not {got}.")
                seen = new
                changed = new.flatten(-2) if site.heads else new
        if site.name in wanted:
            tape[site.name] = seen.clone() if site.overwritten else seen
            if stop and len(tape) == len(wanted):
                raise Reached
        return changed

    def on_output(site: Site) -> Callable[[nn.Module, Any, Any], Any]:
        def hook(_module: nn.Module, _args: Any, output: Any) -> Any:
            if isinstance(output, Tensor):
                return visit(site, output)
            changed = visit(site, output[0])
            return None if changed is None else (changed, *output[1:])

        return hook

    def on_input(site: Site) -> Callable[[nn.Module, Any], Any]:
        def hook(_module: nn.Module, args: Any) -> Any:
            changed = visit(site, args[0])
            return None if changed is None else (changed, *args[1:])

        return hook

    try:
        for site in sites:
            module = subject.module.get_submodule(site.module)
            if site.side == "output":
                handles.append(module.register_forward_hook(on_output(site)))
            else:
                handles.append(module.register_forward_pre_hook(on_input(site)))
        yield tape
    finally:
        for handle in handles:
            handle.remove()


def read(
    subject: Subject, inputs: Inputs, sites: Iterable[str]
) -> tuple[Float[Tensor, "n classes"], dict[str, Tensor]]:
    """One call: the decision's logits and the activations at ``sites``, in the ambient grad mode."""
    with hooks(subject, sites) as tape:
        logits = subject(inputs)
    return logits, tape
