"""What a subject makes of a site, for many versions of what is there: what lies before the site is run once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.subject.inputs import Images, Inputs, Texts
from fairfight.subject.subject import Subject


class Suffix:
    """A subject from one site on.

    The stages up to the last one that ends before the site are left out: that one answers what it answered, those
    before it answer NaN, so that nothing can read them unnoticed. Where a subject does read them (a connection past a
    stage), or has no stage before the site, whole passes are made instead.
    """

    @torch.no_grad()
    def __init__(self, subject: Subject, inputs: Inputs, site: str) -> None:
        """Run the subject once.

        Args:
            subject: Left as it is.
            inputs: At least one; texts without columns that are all padding.
            site: Where it begins.

        Raises:
            UserError: The subject lacks the site.
        """
        self._subject, self._inputs, self._site = subject, inputs, site
        order = subject.sites
        subject.site(site)
        before = [name for name in subject.trunk if order.index(name) <= order.index(site)]
        with subject.hooks([*before, site]) as tape:
            self.logits: Tensor = subject(inputs)
            """What the subject decides on the inputs, [n, classes]."""
        self.activation: Tensor = tape[site]
        """What is at the site, in its own shape."""
        self._before = [(name, tape[name]) for name in before]
        if self._before:
            again = self(self.activation)
            if not torch.allclose(again, self.logits, rtol=1e-3, atol=1e-4 * float(self.logits.abs().max())):
                self._before = []

    @property
    def is_short(self) -> bool:
        """Whether anything is left out."""
        return bool(self._before)

    @torch.no_grad()
    def __call__(self, new: Float[Tensor, "m ..."]) -> Float[Tensor, "m classes"]:
        """Logits where other activations are at the site.

        Args:
            new: One version of all inputs after the other: m is a multiple of their number.
        """
        copies = len(new) // len(self._inputs)
        writes: dict[str, Callable[[Tensor], Tensor]] = {self._site: lambda _: new}
        with ExitStack() as stack:
            for i, (name, old) in enumerate(self._before):
                if i < len(self._before) - 1:
                    answer = old.new_full((), torch.nan).expand(len(new), *old.shape[1:])
                elif name == self._site:
                    answer, writes = new, {}
                else:
                    answer = old.repeat(copies, *[1] * (old.ndim - 1))
                module = self._subject.module.get_submodule(self._subject.site(name).module)
                stack.enter_context(replaced(module, _constant(answer)))
            stack.enter_context(self._subject.hooks(writes=writes))
            return self._subject(self._many(copies))

    def _many(self, copies: int) -> Inputs:
        if isinstance(self._inputs, Texts):
            return Texts(self._inputs.ids.repeat(copies, 1), self._inputs.mask.repeat(copies, 1))
        pixels = self._inputs.pixels
        if self._before:
            # Nobody looks at them.
            return Images(pixels[:1].expand(copies * len(pixels), -1, -1, -1))
        return Images(pixels.repeat(copies, 1, 1, 1))


def _constant(answer: Tensor) -> Callable[..., Tensor]:
    return lambda *_args, **_kwargs: answer


_HOOKS = ("_forward_hooks", "_forward_pre_hooks")


@contextmanager
def replaced(module: nn.Module, forward: Callable[..., Any], *, hooked: bool = False) -> Iterator[None]:
    """A module that answers by another function inside.

    Args:
        module: Itself again afterwards.
        forward: What it does instead.
        hooked: Whether its hooks are run. Without them the answer should be one that has been through them.
    """
    own = module.__dict__
    kept = {name: own[name] for name in ("forward", *_HOOKS) if name in own}
    own["forward"] = forward
    if not hooked:
        own.update({name: OrderedDict() for name in _HOOKS})
    try:
        yield
    finally:
        del own["forward"]
        own.update(kept)
