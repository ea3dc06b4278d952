"""Which vLLM server is asked."""

from __future__ import annotations

import pytest

from crossover.server.engine.replicas import Replicas


def test_the_least_busy_server_is_asked_first() -> None:
    replicas = Replicas(["http://a:1", "http://b:1", "http://c:1"])
    for replica, count in zip(replicas, (3, 1, 2), strict=True):
        replica.in_flight = count
    assert [replica.url for replica in replicas.by_preference()] == ["http://b:1", "http://c:1", "http://a:1"]


def test_a_server_that_failed_is_asked_last() -> None:
    replicas = Replicas(["http://a:1", "http://b:1"])
    first, second = replicas
    first.failed()
    second.in_flight = 100
    assert replicas.by_preference() == [second, first]


def test_an_openai_base_url_means_the_same_server() -> None:
    assert [replica.url for replica in Replicas(["http://a:1/v1/", "http://b:1/"])] == ["http://a:1", "http://b:1"]


@pytest.mark.parametrize("urls", [[], ["a:1"]])
def test_what_is_no_url_is_refused(urls: list[str]) -> None:
    with pytest.raises(ValueError, match="CROSSOVER_VLLM_URL"):
        Replicas(urls)
