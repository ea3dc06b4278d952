"""A tiny embedding model with random weights: real to sentence-transformers, and cheap where vectors do not matter."""

from __future__ import annotations

import string
from pathlib import Path


def build_tiny_embedder(folder: Path, *, dimension: int = 32, window: int = 128, seed: int = 0) -> Path:
    """A one-layer BERT over single characters, with mean pooling, written to `folder`."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    letters = string.ascii_lowercase + string.digits + string.punctuation
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{each}" for each in letters)]
    tokenizer = BertTokenizerFast(vocab={each: n for n, each in enumerate(vocabulary)}, model_max_length=window)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=dimension,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=2 * dimension,
        max_position_embeddings=window,
    )
    BertModel(config).save_pretrained(folder / "bert")
    tokenizer.save_pretrained(folder / "bert")
    model = Transformer(str(folder / "bert"), max_seq_length=window)
    SentenceTransformer(modules=[model, Pooling(dimension, "mean")]).save(str(folder))
    return folder
