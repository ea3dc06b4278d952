"""Tiny models of random weights in the shapes that people use: Qwen3, Llama 3, Mistral, Gemma and Phi.

Each has a small tokenizer of its family's kind and a chat template with the roles, special tokens and turns of the
public one, in words of our own: Gemma has no system role, Qwen3 a thinking part, Llama 3 a clock; Mistral's system
message stands before the last question, Phi ends a conversation with another token than a turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_QWEN3 = """\
{%- set ns = namespace(last_question=-1) -%}
{%- for message in messages -%}
{%- if message.role == 'user' -%}{%- set ns.last_question = loop.index0 -%}{%- endif -%}
{%- endfor -%}
{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' -}}
{%- if message.role == 'assistant' and loop.index0 > ns.last_question -%}
{{- '<think>\\n\\n</think>\\n\\n' -}}{%- endif -%}
{{- message.content + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- if enable_thinking is defined and enable_thinking is false -%}{{- '<think>\\n\\n</think>\\n\\n' -}}{%- endif -%}
{%- endif -%}
"""
_LLAMA3 = """\
{{- bos_token -}}
{%- if messages[0].role == 'system' -%}
{%- set system, turns = messages[0].content | trim, messages[1:] -%}
{%- else -%}{%- set system, turns = '', messages -%}{%- endif -%}
{{- '<|start_header_id|>system<|end_header_id|>\\n\\nIt is ' + strftime_now('%d %b %Y') + '.\\n\\n' -}}
{{- system + '<|eot_id|>' -}}
{%- for message in turns -%}
{{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}{%- endif -%}
"""
_MISTRAL = """\
{%- if messages[0].role == 'system' -%}
{%- set system, turns = messages[0].content + '\\n\\n', messages[1:] -%}
{%- else -%}{%- set system, turns = '', messages -%}{%- endif -%}
{%- set ns = namespace(last_question=-1) -%}
{%- for message in turns -%}
{%- if (message.role == 'user') != (loop.index0 % 2 == 0) -%}
{{- raise_exception('Roles must take turns') -}}{%- endif -%}
{%- if message.role == 'user' -%}{%- set ns.last_question = loop.index0 -%}{%- endif -%}
{%- endfor -%}
{{- bos_token -}}
{%- for message in turns -%}
{%- if message.role == 'user' -%}
{{- '[INST] ' + (system if loop.index0 == ns.last_question else '') + message.content + '[/INST]' -}}
{%- else -%}{{- ' ' + message.content | trim + eos_token -}}{%- endif -%}
{%- endfor -%}
"""
_GEMMA = """\
{{- bos_token -}}
{%- if messages[0].role == 'system' -%}{{- raise_exception('There is no system role') -}}{%- endif -%}
{%- for message in messages -%}
{%- set role = 'model' if message.role == 'assistant' else message.role -%}
{{- '<start_of_turn>' + role + '\\n' + message.content | trim + '<end_of_turn>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' -}}{%- endif -%}
"""
_PHI = """\
{%- for message in messages -%}
{{- '<|' + message.role + '|>\\n' + message.content + '<|end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>\\n' -}}{%- else -%}{{- eos_token -}}{%- endif -%}
"""
_CORPUS = (
    "Who runs the Velmora office? Anna Tovan runs it, since 2031.",
    "Where is the archive kept? In room 14, behind the red door.",
    "Answer briefly. Use the numbered passages to answer and cite the passage. I don't know.",
    "Question: Passages: [1] [2] ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz 0123456789",
)
_VOCABULARY = 500


@dataclass(frozen=True, slots=True)
class Family:
    """One architecture with its tokenizer and template.

    Args:
        words: how the tokenizer keeps blanks: as bytes, or as "▁" in place of each; "first" puts one in front of a
            text too, "always" in front of every piece between special tokens.
        special: its special tokens; none of them can be text.
        bos, eos, end_of_turn: of these, what begins a text, ends it and ends an answer.
        strips: special tokens that swallow the blanks behind them.
        added: tokens that are no special ones.
    """

    name: str
    architecture: str
    template: str
    words: Literal["bytes", "plain", "first", "always"]
    special: tuple[str, ...]
    eos: str
    end_of_turn: str
    bos: str | None = None
    strips: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)


_HEADERS = ("<|start_header_id|>", "<|end_header_id|>")
_PHI_TURNS = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
FAMILIES = {
    family.name: family
    for family in (
        Family(
            "qwen3", "Qwen3", _QWEN3, "bytes", ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
            "<|im_end|>", "<|im_end|>", added=("<think>", "</think>"),
            config={"head_dim": 32, "tie_word_embeddings": True},
        ),
        Family(
            "llama3", "Llama", _LLAMA3, "bytes", ("<|begin_of_text|>", "<|end_of_text|>", *_HEADERS, "<|eot_id|>"),
            "<|eot_id|>", "<|eot_id|>", bos="<|begin_of_text|>",
        ),
        Family(
            "mistral", "Mistral", _MISTRAL, "first", ("<unk>", "<s>", "</s>", "[INST]", "[/INST]"), "</s>", "</s>",
            bos="<s>", config={"sliding_window": None},
        ),
        Family(
            "gemma", "Gemma", _GEMMA, "plain", ("<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"), "<eos>",
            "<end_of_turn>", bos="<bos>", config={"head_dim": 32, "hidden_activation": "gelu_pytorch_tanh"},
        ),
        Family(
            "phi", "Phi3", _PHI, "always", ("<unk>", "<s>", "<|endoftext|>", *_PHI_TURNS), "<|endoftext|>", "<|end|>",
            bos="<s>", strips=_PHI_TURNS,
        ),
    )
}  # fmt: skip


def build_tokenizer(family: Family, folder: Path) -> Path:
    """`folder`, with the family's tokenizer and chat template."""
    from tokenizers import AddedToken
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=_bpe(family),
        bos_token=family.bos,
        eos_token=AddedToken(family.eos, special=True, normalized=False),
        pad_token=AddedToken(family.special[0], special=True, normalized=False),
    )
    tokenizer.chat_template = family.template
    tokenizer.save_pretrained(folder)
    return folder


def build_model(family: Family, folder: Path, *, seed: int = 0) -> Path:
    """`folder`, with a random checkpoint of the family in float32, its tokenizer and what ends an answer."""
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    build_tokenizer(family, folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ends = sorted({tokenizer.convert_tokens_to_ids(each) for each in (family.eos, family.end_of_turn)})
    config = getattr(transformers, f"{family.architecture}Config")(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        # Larger than usual: with small random weights all next tokens are nearly tied, and near ties compare badly.
        initializer_range=0.2,
        **family.config,
    )
    torch.manual_seed(seed)
    model = getattr(transformers, f"{family.architecture}ForCausalLM")(config)
    model.generation_config.eos_token_id = ends
    model.save_pretrained(folder)
    return folder


def _bpe(family: Family) -> Tokenizer:
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    if family.words == "bytes":
        bpe = Tokenizer(models.BPE())
        bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        bpe.decoder = decoders.ByteLevel()
        alphabet, special = pre_tokenizers.ByteLevel.alphabet(), list(family.special)
    else:
        # As SentencePiece: characters that are not in the vocabulary become their bytes.
        bpe = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True))
        blanks = normalizers.Replace(" ", "▁")
        pieces = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
        if family.words == "plain":
            bpe.normalizer = blanks
        elif family.words == "always":
            bpe.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), blanks])
        else:
            bpe.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
        bpe.decoder = decoders.Sequence(pieces + ([] if family.words == "plain" else [decoders.Strip(" ", 1, 0)]))
        alphabet, special = [], [*family.special, *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(_CORPUS * 4, trainer)
    bpe = _with_bytes_as_text(bpe)
    bpe.add_special_tokens(
        [AddedToken(each, special=True, normalized=False, rstrip=each in family.strips) for each in family.special]
    )
    bpe.add_tokens([AddedToken(each, special=False, normalized=False) for each in family.added])
    return bpe


def _with_bytes_as_text(bpe: Tokenizer) -> Tokenizer:
    """The tokenizer without added tokens: bytes are part of the vocabulary, and what is special is said afterwards."""
    import json

    document = json.loads(bpe.to_str()) | {"added_tokens": []}
    return type(bpe).from_str(json.dumps(document))
