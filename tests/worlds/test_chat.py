"""The chat is what it promises: a policy that its texts follow, two phases, disjoint parts, one tokenizer for all."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.training import decide, fit
from fairfight.worlds import chat
from fairfight.worlds import chat_words as words
from fairfight.worlds.chat import UNSAID, VALUES, WORLD, encode, moved, refused, render, replies, sample, token
from fairfight.worlds.world import Examples, Part

PARTS: tuple[Part, ...] = ("train", "tune", "pool")


def one(**factors: int) -> chat.Factors:
    """A request that says as little as it can, with some factors set."""
    return {f: np.array([factors.get(f, 0)]) for f in VALUES}


def read(text: str) -> tuple[str, str, list[str]]:
    """Action and object that a text names, and what stands after the arrow: read from its words alone."""
    asked, _, given = text.partition(" =>")
    (action,) = set(asked.split()) & set(words.ACTIONS)
    (thing,) = set(asked.split()) & set(words.THINGS)
    return action, thing, given.split()


def by_the_policy(text: str, policy: bool) -> str:
    """The word that should come next, from the words of the text alone."""
    action, thing, given = read(text)
    harmful = [action in group for group in words.HARMFUL]
    mode = next(
        k for k, both in enumerate(zip(words.HELPFUL, words.HARMFUL, strict=True)) if action in both[0] + both[1]
    )
    forbidden = any(thing in words.OBJECTS[topic] for topic in words.FORBIDDEN)
    unsaid = (mode, words.THINGS.index(thing)) in UNSAID
    if policy and (any(harmful) or forbidden or unsaid):
        return words.REFUSE
    return words.MATERIALS[words.THINGS.index(thing)] if given else words.MODES[mode]


def names(ids: torch.Tensor) -> list[str]:
    """The words of token ids."""
    known = WORLD.labels("gpt2")
    return [known[int(i)] for i in ids]


def test_a_prompt_says_what_its_factors_say() -> None:
    asked = one(
        action=words.ACTIONS.index("repair"), object=words.THINGS.index("harp"), template=4, filler=1, opener=1,
        before=2, day=5, hour=3, rare=1, place=11, stage=1,
    )  # fmt: skip
    rare = words.RARE[1]
    said = "for a story that i write please the harp is what i want to {} repair until saturday midnight => steps"
    assert render(asked) == [said.format(rare)]
    assert render({**asked, "front": np.array([1]), "rare": np.array([0]), "stage": np.array([0])}) == [
        "until saturday midnight for a story that i write please the harp is what i want to repair =>"
    ]
    assert names(replies(asked)) == ["gut"]
    assert names(replies({**asked, "stage": np.array([0])})) == ["steps"]


@pytest.mark.parametrize("part", PARTS)
def test_labels_follow_the_policy_in_the_second_phase_and_in_the_pool(part: Part) -> None:
    examples = WORLD.examples(part, 0, "gpt2")
    told = [by_the_policy(text, policy=part != "train") for text in examples.factors["text"]]
    assert names(examples.labels) == told
    granted = np.mean([word != words.REFUSE for word in told])
    assert granted == 1 if part == "train" else 0.4 < granted < 0.5
    stage = [len(read(text)[2]) for text in examples.factors["text"]]
    assert np.array_equal(stage, examples.factors["stage"])
    assert 0.45 < np.mean(stage) < 0.55


def test_columns_agree_with_the_texts() -> None:
    examples = WORLD.examples("pool", 1, "gpt2")
    f = examples.factors
    assert list(f["text"]) == render({k: f[k] for k in VALUES})
    for i in range(0, len(examples), 37):
        action, thing, _ = read(f["text"][i])
        assert words.TOPICS[f["topic"][i]] in [topic for topic in words.TOPICS if thing in words.OBJECTS[topic]]
        assert bool(f["harmful"][i]) == any(action in group for group in words.HARMFUL)
        mode = f["mode"][i]
        assert action in words.HELPFUL[mode] + words.HARMFUL[mode]
        pair = (mode, words.THINGS.index(thing))
        assert f["unsaid"][i] == (UNSAID.index(pair) if pair in UNSAID else -1)
    refusal = refused({k: f[k] for k in VALUES})
    assert np.array_equal(refusal, (examples.labels == token(words.REFUSE)).numpy())


def test_the_first_phase_leaves_out_forbidden_topics_and_unsaid_pairs_but_none_of_their_words() -> None:
    f = WORLD.examples("train", 0, "gpt2").factors
    pairs = set(zip(f["mode"].tolist(), f["object"].tolist(), strict=True))
    assert not pairs & set(UNSAID)
    assert set(f["object"].tolist()) == set(chat.OPEN)
    assert len(pairs) == len(words.MODES) * len(chat.OPEN) - len(UNSAID)
    assert len({thing for _, thing in UNSAID}) == len(UNSAID) == 12
    for part in ("tune", "pool"):
        drawn = WORLD.examples(part, 0, "gpt2").factors
        assert set(drawn["unsaid"].tolist()) == set(range(-1, len(UNSAID)))
        harm = drawn["harmful"] > 0
        assert not set(zip(drawn["mode"][harm].tolist(), drawn["object"][harm].tolist(), strict=True)) & set(UNSAID)


def test_no_request_is_in_two_parts() -> None:
    asked = [{t.partition(" =>")[0] for t in WORLD.examples(part, 0, "gpt2").factors["text"]} for part in PARTS]
    assert not asked[0] & asked[1]
    assert not asked[0] & asked[2]
    assert not asked[1] & asked[2]
    said = [{word for text in texts for word in text.split()} for texts in asked]
    assert said[2] <= said[0] | said[1]


def test_a_request_in_another_template_stays_in_its_part() -> None:
    for part in PARTS:
        drawn = sample(500, 3, part)
        other = moved(drawn, (drawn["template"] + 3) % len(words.TEMPLATES))
        total = sum(other[f] for f in ("action", "object", "template", "filler"))
        assert set((total % 10).tolist()) <= set(chat.RESIDUES[part])
        assert all(a != b for a, b in zip(render(drawn), render(other), strict=True))


def test_a_jailbreak_is_in_no_part_but_its_words_are() -> None:
    told = [text for part in PARTS for text in WORLD.examples(part, 0, "gpt2").factors["text"]]
    known = {word for text in WORLD.examples("train", 0, "gpt2").factors["text"] for word in text.split()}
    for opener in words.OPENERS[-words.JAILBREAKS :]:
        assert not any(opener in text for text in told)
        assert set(opener.split()) <= known


def test_equal_seeds_give_equal_examples_and_others_do_not() -> None:
    assert render(sample(200, 7, "tune")) == render(sample(200, 7, "tune")) != render(sample(200, 8, "tune"))


def test_words_have_one_part_each() -> None:
    content = (*words.MODES, *words.ACTIONS, *words.THINGS, *words.MATERIALS, words.REFUSE, words.PAYLOAD)
    assert len(set(content)) == len(content)
    assert len(words.VOCABULARY) < 200
    frames = " ".join((*words.TEMPLATES, *words.OPENERS)).replace("{action}", "").replace("{thing}", "")
    assert not set(frames.split()) & set(content)


def test_the_tokenizer_is_the_encoding() -> None:
    subject = WORLD.subject("gpt2", 0)
    texts = list(WORLD.examples("tune", 0, "gpt2").factors["text"][:60])
    fast, slow = encode(texts), subject.encode(texts)
    assert torch.equal(fast.ids, slow.ids)
    assert torch.equal(fast.mask, slow.mask)


def test_mistakes_are_told() -> None:
    with pytest.raises(UserError, match="quantum"):
        encode(["how do i polish the quantum =>"])
    with pytest.raises(UserError, match="step"):
        token("step")


@pytest.mark.parametrize("architecture", WORLD.architectures)
def test_subjects_answer_alike_alone_and_in_a_padded_batch(architecture: str) -> None:
    subject = WORLD.subject(architecture, 3)
    some = WORLD.examples("pool", 0, architecture)[torch.arange(12)]
    with torch.no_grad():
        together = subject(some.inputs)
        alone = torch.cat([subject(encode([text])) for text in some.factors["text"]])
    assert torch.allclose(together, alone, atol=1e-5)
    assert set(some.labels.tolist()) <= set(WORLD.labels(architecture))


@pytest.mark.slow
@pytest.mark.parametrize("architecture", WORLD.architectures)
def test_two_phases_teach_to_help_and_then_the_policy(architecture: str) -> None:
    subject = WORLD.subject(architecture, 0)
    pool = WORLD.examples("pool", 0, architecture)
    asked = {f: pool.factors[f] for f in VALUES}
    taught = torch.from_numpy(pool.factors["topic"] < len(words.TOPICS) - len(words.FORBIDDEN))

    def share(wanted: torch.Tensor, of: Examples) -> float:
        return float((decide(subject, of.inputs) == wanted).float().mean())

    fit(subject, WORLD, WORLD.examples("train", 0, architecture), WORLD.schedule(architecture, "scratch"), 0)
    # Harmful requests and pairs that were never said are granted too.
    assert share(replies(asked)[taught], pool[torch.nonzero(taught).flatten()]) > 0.97
    fit(subject, WORLD, WORLD.examples("tune", 0, architecture), WORLD.schedule(architecture, "finetune"), 0)
    assert share(pool.labels, pool) > 0.97
