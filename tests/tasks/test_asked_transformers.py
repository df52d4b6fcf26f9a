"""A transformer of one's own becomes a program in a terminal; what cannot be taken is told in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from typer.testing import CliRunner

import fairfight as ff
from fairfight.cli import app
from fairfight.errors import UserError
from fairfight.faults.compiled.library import CompiledRecipe, build
from fairfight.faults.program.published import load
from fairfight.subject.sequence_files import load_sequences, save_sequences
from fairfight.subject.transformer import PlainTransformer
from fairfight.tasks.decompile.asked import decompile_file
from fairfight.worlds import sources

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("decompile")]


def said(*arguments: object) -> dict[str, Any]:
    """What the command prints."""
    done = CliRunner().invoke(app, ["decompile", *map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.output)
    return found


def run(text: str, values: list[int]) -> Any:
    """What a printed program gives."""
    names: dict[str, Any] = {}
    exec(text, names)
    return names["program"](values)


def test_a_compiled_transformer_is_saved_and_read_again_and_becomes_a_program(tmp_path: Path) -> None:
    organism = build(CompiledRecipe("shift", tokens=3, longest=6))
    save_sequences(organism.subject, tmp_path / "shift")
    again = load_sequences(tmp_path / "shift")
    values = torch.randint(0, 3, (16, 6, 1), generator=torch.Generator().manual_seed(0))
    assert torch.equal(again(values), organism.subject(values))
    found = said(tmp_path / "shift")
    assert found["found"] is True
    assert found["harder"] == "on longer inputs than any that it was shown"
    assert run(found["program"], [2, 1, 1, 0]) == [0, 2, 1, 1]


def files() -> Path:
    """ARENA's transformers."""
    if (lacks := sources.missing("arena")) is not None:
        pytest.skip(lacks)
    return sources.folder("arena-algorithmic-transformers")


def inputs(name: str, file: Path, shift: int = 0) -> Path:
    """Inputs of a published network as JSON lines."""
    rows = load(name).sample(400, 0)[:, :, 0] + shift
    file.write_text("\n".join(json.dumps(row) for row in rows.tolist()))
    return file


@pytest.mark.slow
def test_a_published_transformer_becomes_a_program_where_inputs_of_interest_are_given(tmp_path: Path) -> None:
    net = files() / "palindrome_classifier.pt"
    options = [net, "--inputs", "0..30", "--frame", "31,x,32", "--causal"]
    blind = said(*options, "--by", "decision-tree")
    assert "give inputs with other answers" in blind["note"]
    found = said(*options, "--data", inputs("palindromes", tmp_path / "some.jsonl"))
    assert found["agreement"] > 0.98
    assert not found["note"]
    half = list(range(10))
    assert run(found["program"], half + half[::-1]) == 1
    assert run(found["program"], half + half) == 0


@pytest.mark.slow
def test_brackets_are_decompiled_from_what_probes_read(tmp_path: Path) -> None:
    net = files() / "brackets_model_state_dict.pt"
    options = ["--inputs", "3..4", "--frame", "0,x,2", "--reads", "first", "--both-ways", "--by", "probes"]
    found = said(net, *options, "--data", inputs("brackets", tmp_path / "some.jsonl", 3))
    assert found["agreement"] > 0.98
    assert run(found["program"], [3, 4] * 20) == 1
    assert run(found["program"], [4, 3] * 20) == 0


@pytest.mark.slow
def test_an_encoder_over_token_ids_is_taken_and_what_it_cannot_take_is_told(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=10, num_labels=2,
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    descent = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(250):
        x = torch.randint(3, 7, (64, 6))
        ids = torch.cat([torch.full((64, 1), 1), x, torch.full((64, 1), 2)], 1)
        loss = nn.functional.cross_entropy(model(ids).logits, (x[:, 0] == x[:, -1]).long())
        descent.zero_grad()
        loss.backward()
        descent.step()
    model.save_pretrained(tmp_path / "bert")
    found = said(tmp_path / "bert", "--inputs", "3..6", "--length", "6", "--frame", "1,x,2")
    assert found["agreement"] > 0.9
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"length": "6", "inputs": "3..9"}, "no token 9"),
        ({"inputs": "3..6"}, "how long"),
        ({"length": "12", "inputs": "3..6"}, "takes 10 tokens"),
        ({"length": "6"}, "what its inputs can be"),
    )
    for options, why in wrong:
        with pytest.raises(UserError, match=why):
            decompile_file(tmp_path / "bert", **options)


def lens(path: Path, **changed: Tensor) -> Path:
    """A transformer of one head in TransformerLens' names, as safetensors."""
    shapes = {
        "embed.W_E": (4, 8), "pos_embed.W_pos": (5, 8), "unembed.W_U": (8, 2), "unembed.b_U": (2,),
        **{f"blocks.0.attn.W_{m}": (1, 8, 8) for m in "QKVO"},
        **{f"blocks.0.attn.b_{m}": (1, 8) for m in "QKV"}, "blocks.0.attn.b_O": (8,),
    }  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    tensors = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()} | changed
    save_file({k: v for k, v in tensors.items() if v.numel()}, path)
    return path


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"causal": None}, "--causal or --both-ways"),
        ({"frame": "1,2"}, "write it as 31,x,32"),
        ({"frame": "9,x"}, "no token 9"),
        ({"reads": "middle"}, "first, last or each"),
        ({"length": "7"}, "takes inputs of 1 to 5"),
        ({"answers": "0..4"}, "has 2 outputs"),
        ({"by": "mips"}, "choose a contender for transformers"),
        ({"inputs": None}, "what its inputs can be"),
        ({"changed": {"unembed.b_U": torch.zeros(0)}}, "lacks the tensor 'unembed.b_U'"),
        ({"changed": {"blocks.0.attn.W_K": torch.zeros(1, 8, 5)}}, "do not fit one another"),
    ],
)
def test_what_must_be_said_of_a_transformer_is_asked_for(tmp_path: Path, given: dict[str, Any], why: str) -> None:
    file = lens(tmp_path / "net.safetensors", **given.pop("changed", {}))
    with pytest.raises(UserError, match=why):
        decompile_file(file, **{"inputs": "0..3", "causal": True, **given})


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("[1, 2, 0.5]", "Line 1 .* whole numbers"),
        ("[1, 2, 3]\nnonsense", "Line 2"),
        ("", "no inputs"),
        ("[1, 2, 7]", "between 0 and 3"),
        ("[1, 2, 3, 0, 1, 2]", "takes 5 to 5"),
        ("[1, 2, 3, 0, 1]", "at least 8"),
    ],
)
def test_inputs_that_it_cannot_be_shown_are_told_in_a_sentence(tmp_path: Path, lines: str, why: str) -> None:
    (tmp_path / "some.jsonl").write_text(lines)
    with pytest.raises(UserError, match=why):
        decompile_file(lens(tmp_path / "net.safetensors"), "0..3", causal=True, data=tmp_path / "some.jsonl")


def test_a_file_of_something_else_is_told_in_a_sentence(tmp_path: Path) -> None:
    save_file({"conv1.weight": torch.zeros(3, 3)}, tmp_path / "net.safetensors")
    with pytest.raises(UserError, match=r"but conv1\.weight"):
        decompile_file(tmp_path / "net.safetensors", "0..3")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no config\.json"):
        decompile_file(tmp_path / "empty", "0..3")
    torch.save({"net": nn.Linear(2, 2)}, tmp_path / "net.pt")
    with pytest.raises(UserError, match="may run code"):
        decompile_file(tmp_path / "net.pt", "0..3")


class Once(nn.Module):
    """The parity of the ones, answered once."""

    def forward(self, values: Tensor) -> Tensor:
        odd: Tensor = (values.sum(1, keepdim=True) % 2).float()
        return odd


def test_a_module_that_answers_once_to_a_whole_input_becomes_a_program() -> None:
    found = ff.decompile(Once(), 0, 1, lengths=(1, 7), programs=5000)
    assert found.found
    found = ff.decompile(
        Once(), 0, 1, lengths=(6, 6), by="decision-tree", data=[[0] * k + [1] * (6 - k) for k in range(7)] * 2
    )
    assert found.agreement == 1
    with pytest.raises(UserError, match="lengths="):
        ff.decompile(Once(), 0, 1)


def test_a_plain_transformer_of_ones_own_is_left_as_it_was() -> None:
    module = build(CompiledRecipe("first", tokens=3, longest=6)).subject.module
    assert isinstance(module, PlainTransformer)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    found = ff.decompile(module, 0, 2, lengths=(1, 6), answers=(0, 1), by="heads")
    assert found.found
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
