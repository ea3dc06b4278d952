"""What a reader has before its first step: words that mean something, and heads that find them again."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import cosine_similarity
from transformers import AutoModelForCausalLM, AutoTokenizer

from crossover.adapters.base_model import checkpoint, circuits, embeddings, tokenizer
from crossover.adapters.base_model.model import BEGIN, Reader, Shape


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tokenizer")
    assert tokenizer.main(["--out", str(out)]) == 0
    return out


@pytest.mark.parametrize(
    "text",
    [
        " Who runs the Velmora office?",
        " [1] QX-4411, a.tovan@velmora.com, €1,950 (built in 1984)",
        " Question: x\n\nPassages:\n[1] Привет, 你好\n[2]  two  spaces\tand a tab",
        " a bare <0x41> or ▁",
    ],
)
def test_any_text_comes_back_as_it_was(folder: Path, text: str) -> None:
    made = AutoTokenizer.from_pretrained(folder)
    ids = made.encode(text, add_special_tokens=False)
    assert made.decode(ids) == text.replace("▁", " ")
    assert max(ids) < len(made)


def test_a_word_is_cut_the_same_way_wherever_it_stands_and_digits_stand_alone(folder: Path) -> None:
    made = AutoTokenizer.from_pretrained(folder)
    name = made.tokenize(" Velmora")
    assert made.tokenize(" the Velmora.")[1:-1] == name
    assert made.tokenize(" (in Velmora's 1950)")[2 : 2 + len(name)] == name
    assert made.tokenize(" 1950") == ["▁", "1", "9", "5", "0"]


def test_words_begin_with_what_minilm_knows_of_them_whatever_their_case(folder: Path) -> None:
    vectors, learns = embeddings.initial(256, 1), embeddings.learns()
    ids = AutoTokenizer.from_pretrained(folder).get_vocab()
    assert vectors.shape == (len(ids), 256)

    def alike(one: str, other: str) -> float:
        return float(cosine_similarity(vectors[ids[one], 1:], vectors[ids[other], 1:], 0))

    assert alike("▁Paris", "▁paris") > 0.7
    assert alike("▁salary", "▁wages") > 0.3 > alike("▁salary", "▁river")
    assert not learns[ids["▁salary"]]
    assert learns[[ids["<|user|>"], ids["7"], ids["▁["]]].all()


@pytest.fixture(scope="module")
def seen(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], tuple[torch.Tensor, ...]]:
    """The pieces of a prompt, and what each head of each layer looks at in transformers (1, heads, piece, piece)."""
    text = (
        " Who pays the salary of the Velmora team?\n[1] The salary of the Tarnix team is paid by Anna Tovan."
        "\n[2] The salary of the Velmora team is paid by Ben Quist.\n Who pays the salary of the Velmora team"
    )
    made = AutoTokenizer.from_pretrained(folder)
    model = Reader(Shape())
    model.model.embed_tokens.weight.data.copy_(embeddings.initial(model.shape.width, 1))
    circuits.wire(model, made.get_vocab()["]"], 1)
    out = tmp_path_factory.mktemp("wired") / "weights"
    checkpoint.export(model.state_dict(), out, folder)
    wired = AutoModelForCausalLM.from_pretrained(out, attn_implementation="eager")
    ids = [BEGIN, *made.encode(text, add_special_tokens=False)]
    return made.convert_ids_to_tokens(ids), wired(torch.tensor([ids]), output_attentions=True).attentions


def test_some_heads_look_one_and_two_pieces_back(seen: tuple[list[str], tuple[torch.Tensor, ...]]) -> None:
    pieces, attentions = seen
    for head, back in enumerate((1, 2)):
        looked_at = attentions[0][0, head].argmax(-1)[4:]
        assert (looked_at == torch.arange(4, len(pieces)) - back).float().mean() > 0.95


def test_some_find_an_equal_piece_and_what_followed_it(seen: tuple[list[str], tuple[torch.Tensor, ...]]) -> None:
    pieces, attentions = seen
    at = len(pieces) - 2  # the name's last piece in the last question
    before = [n for n, piece in enumerate(pieces[:at]) if piece == pieces[at]]
    assert len(before) == 2
    assert attentions[0][0, 2, at, [*before, at]].sum() > 0.5
    assert attentions[1][0, 0, at, [n + 1 for n in before]].sum() > 0.25


def test_one_sees_the_last_bracket_and_so_which_passage_it_is_in(
    seen: tuple[list[str], tuple[torch.Tensor, ...]],
) -> None:
    pieces, attentions = seen
    first, second = (n for n, piece in enumerate(pieces) if piece == "]")
    for at, bracket in ((second - 6, first), (second + 12, second)):
        assert int(attentions[1][0, 3, at].argmax()) == bracket


def test_some_see_what_stands_near(seen: tuple[list[str], tuple[torch.Tensor, ...]]) -> None:
    pieces, attentions = seen
    distance = len(pieces) - 1 - torch.arange(len(pieces))
    for layer, head in ((0, 3), (2, 1), (2, 2)):
        assert (attentions[layer][0, head, -1] * distance).sum() < 0.8 * distance.float().mean()
