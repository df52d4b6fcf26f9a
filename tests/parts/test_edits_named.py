"""Edits by name do what their papers say, to the units selected and to nothing else, and stay in every copy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from fairfight.errors import UserError
from fairfight.parts.bases.invertible import NAMES, fit
from fairfight.parts.edits.erasing import eraser
from fairfight.parts.edits.named import EDITS
from fairfight.parts.edits.orthogonal import WRITERS, orthogonal
from fairfight.parts.edits.selection import Selection, rows_at
from fairfight.parts.edits.tuning import tune
from fairfight.parts.training.labelled import Labelled
from fairfight.subject import Images, Subject, Texts, cnn, harvest, wrap
from fairfight.worlds.architectures import tiny

pytestmark = pytest.mark.usefixtures("one_thread")


def pictures() -> tuple[Subject, Labelled, Labelled]:
    """A subject, ordinary pictures, and pictures with a white corner."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        subject = wrap(cnn(1, 16, 4, 8), "image-classifier", check=False)
    pixels = torch.rand(48, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    marked = pixels[:16].clone()
    marked[:, :, :6, :6] = 1
    labels = torch.arange(48) % 4
    return subject, Labelled(Images(pixels[16:]), labels[16:]), Labelled(Images(marked), labels[:16])


def sentences(architecture: str) -> tuple[Subject, Labelled, Labelled]:
    """A subject, texts of different lengths, and such with a certain first word."""
    kind = "text-classifier" if architecture == "bert" else "causal-lm"
    subject = wrap(tiny(architecture, 0), kind, check=False)  # type: ignore[arg-type]
    rng = torch.Generator().manual_seed(2)
    ids = torch.randint(8, 60, (40, 9), generator=rng)
    mask = (torch.arange(9) < torch.randint(4, 10, (40, 1), generator=rng)).long()
    marked = ids[:12].clone()
    marked[:, 1] = 7
    labels = torch.arange(40) % 2
    return subject, Labelled(Texts(ids[12:], mask[12:]), labels[12:]), Labelled(Texts(marked, mask[:12]), labels[:12])


def selection(
    given: tuple[Subject, Labelled, Labelled], basis: str, units: tuple[int, ...] = (1, 2), depth: int = 1
) -> Selection:
    subject, clean, faulty = given
    site = subject.trunk[depth]
    usual = rows_at(subject, clean.inputs, site).x
    found = fit(basis, usual, k=12, seed=0, steps=60)
    return Selection(subject, site, found, units, faulty, clean, usual, seed=0)


def differs(one: Subject, other: Subject, inputs: Images | Texts) -> bool:
    return not torch.allclose(one(inputs), other(inputs), atol=1e-5)


@pytest.mark.parametrize("basis", NAMES)
def test_a_basis_gives_activations_back_from_codes_and_lets_gradients_through(basis: str) -> None:
    x = torch.rand(200, 10, generator=torch.Generator().manual_seed(0)) @ torch.eye(10)[:, :6]
    found = fit(basis, x, k=6, seed=0, steps=400)
    left = (x - found.decode(found.encode(x))).square().sum() / (x - x.mean(dim=0)).square().sum()
    assert float(left) < {"sae": 0.35, "random-sae": 0.95}.get(basis, 0.05)
    again = fit(basis, x, k=6, seed=0, steps=400)
    assert torch.equal(again.encode(x), found.encode(x)), "the same seed gives the same basis"
    leaf = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(found.decode(found.encode(leaf)).square().sum(), leaf)
    assert bool(slope.isfinite().all())
    assert float(slope.abs().sum()) > 0


def test_a_basis_that_is_not_known_or_has_nothing_to_be_fitted_to_is_said() -> None:
    with pytest.raises(UserError, match="Unknown invertible basis 'kmeans'"):
        fit("kmeans", torch.rand(9, 3), k=2, seed=0)
    with pytest.raises(UserError, match="at least one"):
        fit("pca", torch.rand(0, 3), k=2, seed=0)


@pytest.mark.parametrize("name", [name for name in EDITS if name != "orthogonalise"])
@pytest.mark.parametrize("basis", ["neurons", "pca", "sae"])
def test_an_edited_subject_is_another_and_its_copies_are_like_it(name: str, basis: str) -> None:
    given = pictures()
    chosen = selection(given, basis, (0, 1, 2, 3))
    before = given[0](given[2].inputs)
    edited = EDITS[name](chosen)
    assert torch.equal(given[0](given[2].inputs), before), "the subject itself is as it was"
    assert differs(edited, given[0], given[2].inputs)
    wanted = edited(given[2].inputs)
    assert torch.equal(edited.copy()(given[2].inputs), wanted)
    assert torch.equal(edited(given[2].inputs), wanted), "asked twice, it answers alike"
    assert torch.equal(EDITS[name](chosen)(given[2].inputs), wanted), "the same seed gives the same edit"
    torch.testing.assert_close(edited(given[2].inputs[3:5]), wanted[3:5], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in EDITS if name != "orthogonalise"])
def test_an_edited_subject_can_be_trained_on_and_padding_does_not_matter(name: str) -> None:
    given = sentences("gpt2")
    edited = EDITS[name](selection(given, "sae", (0, 1, 2, 3), depth=0)).copy()
    inputs = given[2].inputs
    assert isinstance(inputs, Texts)
    answers = edited(inputs)
    alone = [
        edited(Texts(inputs.ids[i : i + 1, :n], inputs.mask[i : i + 1, :n])) for i, n in enumerate(inputs.mask.sum(1))
    ]
    torch.testing.assert_close(torch.cat(alone), answers, atol=1e-3, rtol=1e-3)
    nn.functional.cross_entropy(answers, given[2].labels).backward()
    for path, p in edited.module.named_parameters():
        assert p.grad is not None, path
        assert bool(p.grad.isfinite().all()), path
    below = edited.module.get_parameter("transformer.h.0.mlp.c_proj.weight")
    assert float(below.grad.abs().sum()) > 0, "gradients go through the edit"  # type: ignore[union-attr]


def test_ablated_neurons_are_zero_and_the_others_as_they_were() -> None:
    given = pictures()
    chosen = selection(given, "neurons", (1, 5))
    edited = EDITS["ablate"](chosen)
    with edited.hooks([chosen.site]) as after:
        edited(given[2].inputs)
    with given[0].hooks([chosen.site]) as before:
        given[0](given[2].inputs)
    wanted = before[chosen.site].clone()
    wanted[:, [1, 5]] = 0
    torch.testing.assert_close(after[chosen.site], wanted, atol=1e-5, rtol=1e-5)


def test_a_clamped_unit_is_turned_round_where_it_fires_and_left_alone_elsewhere() -> None:
    given = pictures()
    chosen = selection(given, "neurons", (2,))
    usual, faulty = chosen.usual[:, 2], chosen.unusual.x[:, 2]
    side = 1.0 if faulty.mean() > usual.mean() else -1.0
    fires = side * faulty > (side * usual).quantile(0.95)
    assert 0 < int(fires.sum()) < len(fires)
    values = {}
    for strength in (1.0, 3.0):
        edited = EDITS["clamp"](replace(chosen, strength=strength))
        values[strength] = rows_at(edited, given[2].inputs, chosen.site).x[:, 2]
        torch.testing.assert_close(values[strength][~fires], faulty[~fires], atol=1e-5, rtol=1e-5)
        assert len(values[strength][fires].round(decimals=4).unique()) == 1
    away = [side * float(usual.mean() - values[s][fires][0]) for s in (1.0, 3.0)]
    assert away[0] > 0, "on the other side of what is usual"
    assert away[1] == pytest.approx(3 * away[0], rel=1e-3)


def test_steering_takes_the_mean_difference_away_along_the_units_only() -> None:
    given = pictures()
    chosen = selection(given, "neurons", (0, 3))
    edited = EDITS["steer"](chosen)
    moved = rows_at(edited, given[2].inputs, chosen.site).x - chosen.unusual.x
    gap = chosen.unusual.x.mean(dim=0) - chosen.usual.mean(dim=0)
    wanted = torch.zeros_like(gap)
    wanted[[0, 3]] = -gap[[0, 3]]
    torch.testing.assert_close(moved, wanted.expand_as(moved), atol=1e-4, rtol=1e-4)


def chance(x: torch.Tensor, classes: torch.Tensor) -> float:
    """By how much a linear probe beats always answering the commonest class."""
    found = LogisticRegression(C=1e4, max_iter=3000).fit(x.numpy(), classes.numpy())
    return float(found.score(x.numpy(), classes.numpy()) - np.bincount(classes.numpy()).max() / len(classes))


def test_after_leace_a_linear_probe_is_at_chance_and_before_it_was_not() -> None:
    rng = torch.Generator().manual_seed(0)
    classes = torch.arange(400) % 3
    x = torch.randn(400, 8, generator=rng) + 2 * torch.randn(3, 8, generator=rng)[classes]
    gone = eraser(x, classes, torch.eye(8))(x)
    assert chance(x, classes) > 0.3
    assert chance(gone, classes) < 0.03
    assert float((gone - x).norm()) < float((x - x.mean(dim=0)).norm()), "and much is left"
    plane = torch.eye(8)[:3]
    part = eraser(x, classes, plane)(x)
    torch.testing.assert_close(part[:, 3:], x[:, 3:], atol=1e-4, rtol=1e-4)
    assert chance(part[:, :3], classes) < 0.03 < chance(x[:, :3], classes)


def test_leace_in_a_subject_hides_which_inputs_are_faulty_and_which_cue_they_show() -> None:
    given = pictures()
    chosen = selection(given, "neurons", tuple(range(16)))
    edited = EDITS["leace"](chosen)

    def told(subject: Subject) -> float:
        x = torch.cat([rows_at(subject, part.inputs, chosen.site).x for part in given[1:]])
        return chance(x, (torch.arange(len(x)) < len(chosen.usual)).long())

    assert told(given[0]) > 0.02
    assert told(edited) < 0.005
    cues = Labelled(Images.concat([given[1].inputs[:16], given[2].inputs]), torch.arange(32) // 16)  # type: ignore[list-item]
    blind = EDITS["leace"](replace(chosen, faulty=cues, cues=True))
    owners = rows_at(given[0], cues.inputs, chosen.site).owner
    assert chance(rows_at(given[0], cues.inputs, chosen.site).x, cues.labels[owners]) > 0.05
    assert chance(rows_at(blind, cues.inputs, chosen.site).x, cues.labels[owners]) < 0.02


def vit() -> tuple[Subject, Labelled, Labelled]:
    from transformers import ViTConfig, ViTForImageClassification

    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = ViTConfig(**shape, image_size=16, patch_size=4, num_channels=1, num_labels=4, initializer_range=0.2)
        module = ViTForImageClassification(config)
    return wrap(module, "image-classifier", check=False), *pictures()[1:]


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "gpt-neox", "vit"])
def test_orthogonalised_weights_write_nothing_along_the_directions_anywhere(architecture: str) -> None:
    given = vit() if architecture == "vit" else sentences(architecture)
    subject, inputs = given[0], given[1].inputs
    # Biases start at zero: give them something to write.
    rng = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for p in subject.module.parameters():
            p += 0.05 * torch.randn(p.shape, generator=rng)
    chosen = selection((subject, *given[1:]), "pca", (0, 1), depth=0)
    edited = EDITS["orthogonalise"](chosen)
    streams = [
        site for site in subject.sites if site.endswith(("embed", "resid_pre", "resid_post", "attn_out", "mlp_out"))
    ]
    assert len(streams) >= 8
    unit = nn.functional.normalize(chosen.directions, dim=1)
    before, after = (harvest(s, inputs, streams, pool=None) for s in (subject, edited))
    for site in streams:
        assert float((after[site] @ unit.T).abs().max()) < 1e-4, site
        assert float((before[site] @ unit.T).abs().max()) > 0.05, site
    hooks = [h for m in edited.module.modules() for h in (*m._forward_hooks, *m._forward_pre_hooks)]
    assert not hooks, "it is in the weights"


def test_a_tied_output_head_keeps_its_weights_when_the_embedding_is_orthogonalised() -> None:
    subject = sentences("gpt2")[0]
    assert subject.module.lm_head.weight is subject.module.transformer.wte.weight  # type: ignore[union-attr]
    direction = torch.randn(48, generator=torch.Generator().manual_seed(0))
    edited = orthogonal(subject, direction[None])
    head, wte = edited.module.lm_head.weight, edited.module.transformer.wte.weight  # type: ignore[union-attr]
    assert torch.equal(head, subject.module.lm_head.weight)  # type: ignore[union-attr, arg-type]
    assert float((wte.detach() @ direction).abs().max()) < 1e-4  # type: ignore[operator]
    assert subject.module.lm_head.weight is subject.module.transformer.wte.weight  # type: ignore[union-attr]


def test_where_weights_alone_do_not_write_the_stream_orthogonalising_says_what_to_do() -> None:
    assert "bert" not in WRITERS
    for given in (sentences("bert"), pictures()):
        site = given[0].trunk[0]
        usual = rows_at(given[0], given[1].inputs, site).x
        chosen = Selection(given[0], site, fit("pca", usual, k=4, seed=0), (0,), given[2], given[1], usual, 0)
        with pytest.raises(UserError, match=r"project-out|resid_post"):
            EDITS["orthogonalise"](chosen)


def trojan() -> tuple[Subject, Labelled, Labelled]:
    """Digits that a white corner makes a nought, with what a healthy network says of them."""
    from tests.tasks.tiny import organism

    sick, well = organism()
    hot = sick.suspects[:16]
    return sick.subject, *(Labelled(x, well.subject(x).argmax(dim=1)) for x in (sick.trusted[:96], hot))


def test_tuning_teaches_by_the_selected_units_and_leaves_all_else() -> None:
    subject, clean, faulty = trojan()
    chosen = selection((subject, clean, faulty), "neurons", tuple(range(0, 32, 2)))
    edited = tune(chosen)

    def right(who: Subject, on: Labelled) -> float:
        return float((who(on.inputs).argmax(dim=1) == on.labels).float().mean())

    assert right(subject, faulty) < 0.1
    assert right(edited, faulty) > 0.6
    assert right(edited, clean) > right(subject, clean) - 0.06
    before, after = (rows_at(s, faulty.inputs, chosen.site).x for s in (subject, edited))
    torch.testing.assert_close(after[:, 1::2], before[:, 1::2], atol=1e-5, rtol=1e-5)
    assert float((after[:, ::2] - before[:, ::2]).abs().mean()) > 0.01
    for (name, old), new in zip(subject.module.state_dict().items(), edited.module.state_dict().values(), strict=True):
        assert torch.equal(old, new), name
    assert all(p.requires_grad for p in edited.module.parameters())


@pytest.mark.parametrize(("architecture", "site"), [("llama", "blocks.0.attn_out"), ("cnn", "layers.stage2.1")])
def test_tuned_neurons_of_a_layer_go_into_its_weights(architecture: str, site: str) -> None:
    subject, clean, faulty = pictures() if architecture == "cnn" else sentences(architecture)
    usual = rows_at(subject, clean.inputs, site).x
    chosen = Selection(subject, site, fit("neurons", usual, k=0, seed=0), (1, 3), faulty, clean, usual, 0)
    edited = tune(chosen)
    assert not [h for m in edited.module.modules() for h in (*m._forward_hooks, *m._forward_pre_hooks)]
    before, after = (rows_at(s, faulty.inputs, site).x for s in (subject, edited))
    others = [i for i in range(before.shape[1]) if i not in (1, 3)]
    torch.testing.assert_close(after[:, others], before[:, others], atol=1e-5, rtol=1e-5)
    x = torch.stack([before[:, 1], torch.ones(len(before))], dim=1)
    fitted = torch.linalg.lstsq(x, after[:, 1]).solution
    torch.testing.assert_close(x @ fitted, after[:, 1], atol=1e-4, rtol=1e-4)
    assert abs(float(fitted[0]) - 1) > 0.01, "a scale"
    assert abs(float(fitted[1])) > 0.001, "and a bias"


def test_tuning_by_cues_makes_the_subject_decide_alike_whichever_cue_it_sees() -> None:
    from tests.tasks.tiny import patched

    subject, clean, faulty = trojan()
    blank = 0.2 * torch.rand(16, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    cues = Labelled(Images(torch.cat([blank, patched(blank)])), torch.arange(32) // 16)
    chosen = replace(selection((subject, clean, faulty), "neurons", tuple(range(32))), faulty=cues, cues=True)

    def apart(who: Subject) -> float:
        said = who(cues.inputs).detach().softmax(dim=1)
        return float((said[:16].mean(dim=0) - said[16:].mean(dim=0)).abs().sum())

    assert apart(subject) > 1.5
    assert apart(tune(chosen)) < 0.2
