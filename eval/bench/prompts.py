"""Prompts of the length and shape that the server sends, alone and with passages, none like another."""

from __future__ import annotations

import random

_PEOPLE = ("Anna Tovan", "Berit Halm", "Carlo Vint", "Dora Penn", "Edda Rusk", "Farid Olm", "Gesa Wick", "Henk Abel")
_PLACES = ("Velmora", "Quillon", "Brenna", "Ostrava Hill", "Karrow", "Lindeth", "Marsh End", "Norrby")
_THINGS = ("archive", "workshop", "night line", "garage", "library", "test kitchen", "mail room", "boat house")


def questions(count: int, seed: int = 0) -> list[str]:
    """`count` different short questions; the number in front keeps one from sharing a cached prefix with another."""
    rng = random.Random(seed)
    return [
        f"{rng.randrange(10**6)}: Who runs the {rng.choice(_THINGS)} of the {rng.choice(_PLACES)} office since "
        f"{rng.randrange(1990, 2040)}?"
        for _ in range(count)
    ]


def passages(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """`count` short passages (title, text) that could answer such questions."""
    rng = random.Random(seed)
    return [
        (
            place := rng.choice(_PLACES),
            f"The {rng.choice(_THINGS)} of the {place} office is run by {rng.choice(_PEOPLE)} since "
            f"{rng.randrange(1990, 2040)}. It has {rng.randrange(2, 90)} desks and opens at {rng.randrange(6, 11)}:30.",
        )
        for _ in range(count)
    ]
