"""Forms of answers that only earlier turns show: what stands before and after the value, mostly made up on the spot."""

from __future__ import annotations

from crossover.adapters.base_model import frames
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.lexicon import words


def form(draw: Draw) -> str:
    """How an answer looks, with places for value {v} and passage {n}; in training never as in evaluation."""
    if draw.split == "held-out":
        return draw.pick(frames.FORMATS_HELD_OUT)
    if draw.chance(0.3):
        return draw.pick(frames.FORMATS)
    shape = _made_up(draw)
    return shape if shape not in frames.FORMATS_HELD_OUT else form(draw)


def _made_up(draw: Draw) -> str:
    before, after = "", ""
    while not before + after:
        before, after = _decoration(draw), _decoration(draw)
    parts = [before, "{v}", after]
    if draw.chance(0.25):
        parts.insert(
            draw.pick((0, 1, 2, 3)), draw.pick(("{n}", "{n}", "({n})", "[{n}]", "#{n}", "{n}.", "{n}:", "{n})"))
        )
    shape = " ".join(part for part in parts if part)
    if before and not before[-1].isalnum() and draw.chance(0.4):
        shape = shape.replace(" {v}", "{v}")
    if after and not after[0].isalnum() and draw.chance(0.4):
        shape = shape.replace("{v} ", "{v}")
    return shape


def _decoration(draw: Draw) -> str:
    """What stands before or after a value: nothing, signs, a few words, or both."""
    kind = draw.random.random()
    if kind < 0.2:
        return ""
    signs = "".join(draw.pick(frames.AROUND_VALUES) for _ in range(draw.pick((1, 1, 2))))
    if kind < 0.45:
        return signs
    text = " ".join(_word(draw) for _ in range(draw.pick((1, 1, 2, 3))))
    text = draw.pick((text, text, text.upper(), text[:1].upper() + text[1:]))
    return text if kind < 0.7 else draw.pick((f"{text} {signs}", f"{text}{signs}", f"{signs} {text}", f"{signs}{text}"))


def _word(draw: Draw) -> str:
    kind = draw.random.random()
    if kind < 0.6:
        return draw.pick(words())
    if kind < 0.8:
        return draw.pick(frames.SMALL_WORDS)
    if kind < 0.9:
        return draw.word()
    letters = draw.letters(draw.between(1, 4))
    return letters if draw.chance(0.6) else "".join(f"{letter}." for letter in letters)
