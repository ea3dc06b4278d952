from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from crossover.indexer.embedding import Embedder, sparse_document, sparse_query

# In bfloat16 a text's vector depends a little on the texts in its batch; cosines then move by 1e-4 at most.
SAME = 5e-3
QUESTIONS = [f"Who runs office number {n} by the river?" for n in range(40)]


def test_vectors_are_unit_vectors_of_the_models_size(embedder: Embedder) -> None:
    vectors = embedder.queries(QUESTIONS[:3])
    assert vectors.shape == (3, embedder.dimension) == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_questions_asked_at_once_get_the_vectors_that_they_get_alone(embedder: Embedder) -> None:
    alone = embedder.queries(QUESTIONS)
    with ThreadPoolExecutor(16) as threads:
        together = np.stack(list(threads.map(Embedder().query, QUESTIONS)))
        shared = Embedder()
        joined = np.stack(list(threads.map(shared.query, QUESTIONS)))
    np.testing.assert_allclose(together, alone, atol=SAME)
    np.testing.assert_allclose(joined, alone, atol=SAME)
    assert shared.query(QUESTIONS[0]) is shared.query(QUESTIONS[0])


def test_many_documents_get_their_vectors_in_order(embedder: Embedder) -> None:
    texts = [f"The office number {n} " + "lies by the river " * (n % 7) for n in range(50)]
    np.testing.assert_allclose(
        embedder.documents(texts), np.concatenate([embedder.documents([text]) for text in texts]), atol=SAME
    )


def test_tokens_are_counted_beyond_what_the_model_reads(embedder: Embedder) -> None:
    assert embedder.max_tokens == 254
    assert embedder.count_tokens("river " * 1000) == 1000


def test_words_are_stemmed_in_their_own_language() -> None:
    assert set(sparse_query("running", ["en"]).indices) <= set(sparse_document("she runs", "en").indices)
    assert set(sparse_query("офисы", ["ru"]).indices) <= set(sparse_document("в нашем офисе", "ru").indices)
    assert set(sparse_query("河边", ["zh"]).indices) & set(sparse_document("办公室位于河边", "zh").indices)


def test_stop_words_of_the_question_count_in_no_language() -> None:
    among_two = sparse_query("who is the manager", ["en", "ru"], own="en")
    assert not set(among_two.indices) & set(sparse_document("the who is", "ru").indices)
    assert set(sparse_query("manager", ["en"]).indices) <= set(among_two.indices)


def test_a_question_of_stop_words_alone_has_no_words() -> None:
    assert sparse_query("what is the", ["en"]).indices == ()
