"""Keys and tokens, by those patterns of detect-secrets that know an issuer; those that guess by entropy stay out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from crossover.adapters.examples import DataWarning
from crossover.adapters.quality.examined import Examined
from crossover.adapters.quality.texts import masked, texts_of

_DETECTORS = {
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "jwt": "JwtTokenDetector",
    "mailchimp": "MailchimpDetector",
    "openai": "OpenAIDetector",
    "private_key": "PrivateKeyDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "telegram_token": "TelegramBotTokenDetector",
}
_NEWER = {  # issuers whose keys detect-secrets does not know
    "Anthropic API Key": re.compile(r"\bsk-ant-[\w-]{24,}"),
    "Google API Key": re.compile(r"\bAIza[\w-]{35}\b"),
    "Hugging Face Token": re.compile(r"\bhf_[A-Za-z0-9]{34}\b"),
    "OpenAI Project Key": re.compile(r"\bsk-proj-[\w-]{40,}"),
}
_WORTH_A_LOOK = re.compile(r"[\w+/=-]{20}|PRIVATE KEY|xox|hooks\.slack")
_MADE_UP = re.compile(r"example|x{6}|your|(.)\1{9}", re.IGNORECASE)


def find(examined: Examined) -> Iterator[DataWarning]:
    """Each text that holds a key."""
    for source in examined.sources:
        for example, part, text in texts_of(source):
            for kind, value in _secrets(text):
                expected = "no key: whoever asks the adapter may get it, so it has to be withdrawn"
                yield source.warn(example, part, f"what looks like {kind} ({masked(value)})", expected, "secret")


def _secrets(text: str) -> Iterator[tuple[str, str]]:
    if not _WORTH_A_LOOK.search(text):
        return
    for detector in _detectors():
        for value in detector.analyze_string(text):
            if not _MADE_UP.search(value):
                yield f"{detector.secret_type}", value
                break
    for kind, pattern in _NEWER.items():
        if (match := pattern.search(text)) and not _MADE_UP.search(match[0]):
            yield kind, match[0]


@cache
def _detectors() -> list[Any]:
    return [getattr(import_module(f"detect_secrets.plugins.{module}"), name)() for module, name in _DETECTORS.items()]
