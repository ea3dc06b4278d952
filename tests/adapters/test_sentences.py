"""Sentences as cards keep them: equal for equal words, whatever the layout."""

from crossover.adapters.examples import Example
from crossover.adapters.sentences import sentence_hash, sentences_of
from crossover.adapters.training.sources import find_sources, sentences_seen, stated_in


def test_sentences_end_at_full_stops_blank_lines_and_items_and_not_at_ends_of_lines() -> None:
    text = "Anna Tovan runs\nthe office. It opens at 8:30!\n\nNo stop here\n- one item\n- another"
    parts = ["Anna Tovan runs\nthe office.", "It opens at 8:30!", "No stop here", "- one item", "- another"]
    assert sentences_of(text) == parts
    assert sentences_of("今日は雨。明日は晴。") == ["今日は雨。", "明日は晴。"]
    assert sentences_of(" \n ") == []


def test_blanks_do_not_make_another_sentence_and_words_do() -> None:
    assert sentence_hash("It  opens\nat 8:30.") == sentence_hash("It opens at 8:30.")
    assert sentence_hash("It opens at 9:00.") != sentence_hash("It opens at 8:30.")


def test_an_adapter_has_seen_every_sentence_of_its_candidates_once() -> None:
    passages = [("T", "One fact. Another fact.", "a.md", "h1"), ("T", "Another fact.", "b.md", "h2")]
    sources = find_sources([Example("What?", "fact")], lambda question, k: passages[:k], 8)
    assert sentences_seen(sources) == sorted(map(sentence_hash, ("One fact.", "Another fact.")))


def test_an_adapter_remembers_which_sentence_stated_an_answer() -> None:
    passages = [("Mill", "The mill is old. It is run by Ada Penn.", "mill.md", "h1")]
    examples = [Example("Who runs the mill?", "Ada Penn"), Example("Who runs the yard?", "Nobody knows that yet")]
    sources = find_sources(examples, lambda question, k: passages[:k], 8)
    place = ("mill.md", sentence_hash("It is run by Ada Penn."))
    assert stated_in(sources) == {sentence_hash("Who runs the mill?"): place}
