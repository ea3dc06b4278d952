"""Every setting of Crossover, read from CROSSOVER_* variables and an optional crossover.toml."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from crossover.adapters.settings import AdapterSettings
from crossover.indexer.settings import IndexerSettings

PREFIX = "CROSSOVER_"
TOML_FILE = "crossover.toml"


class SettingsError(ValueError):
    """A setting is unknown or has a value that is not allowed; the message names each one and what it takes."""


class Settings(IndexerSettings, AdapterSettings, BaseSettings):
    """All settings: those of the indexer, those of the adapters, and the server's own."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, toml_file=TOML_FILE, extra="forbid", validate_default=False
    )

    host: str = Field(default="127.0.0.1", description="Address that the server listens on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port that the server listens on; 0 takes a free one.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe messages that are logged."
    )
    request_log: bool = Field(default=True, description="One JSON line on stderr for every request.")
    max_body_mib: int = Field(default=64, ge=1, description="Longest body of a request that is read, MiB.")

    vllm_url: str | None = Field(
        default=None,
        description="URLs of running vLLM servers, separated by commas; unset: Crossover starts its own vLLM.",
    )
    vllm_api_key: SecretStr | None = Field(default=None, description="Bearer token that the vLLM servers ask for.")
    max_model_len: int | None = Field(
        default=None, ge=64, description="Context length in tokens; unset: what the base model's card says."
    )
    tensor_parallel: int = Field(default=1, ge=1, description="GPUs that share one copy of the model.")
    quantization: str | None = Field(default=None, description="vLLM's quantization method, such as fp8 or awq.")
    gpu_memory_utilization: float | None = Field(
        default=None, gt=0, le=1, description="Share of the GPU's memory that vLLM may take."
    )
    vllm_args: str = Field(default="", description="More arguments for vLLM, appended verbatim.")

    few_shot: int = Field(default=3, ge=0, le=64, description="Training examples in a prompt of `few-shot`.")
    rag_examples: int = Field(default=0, ge=0, le=64, description="Training examples in a prompt of `rag`.")
    passages: int | None = Field(
        default=None, ge=1, le=100, description="Passages in a prompt; unset: what the base model's card says."
    )
    max_tokens: int = Field(
        default=256, ge=1, description="Longest answer when a request does not say; at most a quarter of the context."
    )
    temperature: float = Field(
        default=0.0, ge=0, le=2, description="Temperature when a request does not say; 0 answers the same every time."
    )

    feedback_answers: int = Field(
        default=1000, ge=0, description="Latest answers that the server remembers, for feedback on them."
    )

    judge_url: str | None = Field(
        default=None, description="OpenAI-compatible endpoint, such as https://api.openai.com/v1, that judges answers."
    )
    judge_model: str | None = Field(default=None, description="The model that judges.")
    judge_api_key: SecretStr | None = Field(default=None, description="API key of the endpoint that judges.")
    judge_timeout: float = Field(default=60.0, gt=0, description="Seconds that one reply of the judge may take.")

    router_cost_weight: float = Field(
        default=0.02,
        ge=0,
        le=100,
        description="How much likelier to be right the dearest strategy must be than a free one for `auto` to take it.",
    )
    router_abstain_below: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="`auto` says that it doesn't know where no strategy is estimated as likely to be right as this.",
    )
    router_cascade: bool = Field(
        default=False,
        description="`auto` looks at its answer, and asks another strategy where it is likely wrong: righter, but "
        "dearer and slower, and a stream begins late.",
    )
    router_shadow: bool = Field(
        default=False, description="The rules serve, and what the fitted policy would have chosen is logged."
    )
    router_log: bool = Field(
        default=False,
        description="Keep what `auto` saw of each question, as numbers, for `eval fit-router` to learn from feedback.",
    )
    router_explore: float = Field(
        default=0.0, ge=0, le=1, description="Share of `auto`'s questions that a strategy drawn at random answers."
    )

    @field_validator("vllm_url", "qdrant_url", "embedding_url", "judge_url", check_fields=False)
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        for url in (value or "").split(","):
            if url.strip() and not url.strip().startswith(("http://", "https://")):
                raise ValueError(f"{url.strip()!r} is not a URL: write http://HOST:PORT")
        return value

    @field_validator("quantization")
    @classmethod
    def _no_option(cls, value: str | None) -> str | None:
        if value and value.startswith("-"):
            raise ValueError("write the method alone, such as fp8")
        return value

    @property
    def vllm_urls(self) -> list[str]:
        """The vLLM servers to use; empty where Crossover runs its own."""
        return [url.strip().rstrip("/") for url in (self.vllm_url or "").split(",") if url.strip()]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is passed in goes before the environment, the environment before crossover.toml."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` (from the command line) go before everything else.

    Raises:
        SettingsError: a value that is not allowed, or a CROSSOVER_ variable that is no setting.
    """
    unknown = [
        name
        for name in os.environ
        if name.startswith(PREFIX) and name[len(PREFIX) :].lower() not in Settings.model_fields
    ]
    findings = [_unknown(name) for name in sorted(unknown)]
    try:
        settings = Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        findings += [_finding(dict(item)) for item in error.errors()]
    except ValueError as error:  # unreadable TOML, or a variable that should hold JSON
        findings.append(_unreadable(error))
    if findings:
        raise SettingsError("\n".join(findings))
    return settings


def _unknown(name: str) -> str:
    names = [PREFIX + field.upper() for field in Settings.model_fields]
    near = difflib.get_close_matches(name, names, n=1)
    return f"{name} is no setting" + (f": did you mean {near[0]}?" if near else "; `crossover config` lists them all")


def _finding(item: dict[str, Any]) -> str:
    field = str(item["loc"][0]) if item["loc"] else ""
    name = PREFIX + field.upper()
    if item["type"] == "extra_forbidden":
        return f"{TOML_FILE}: {_unknown(name)}"
    secret = "key" in field
    given = "" if secret else f"={item['input']}"
    about = Settings.model_fields[field].description if field in Settings.model_fields else ""
    return f"{name}{given}: {item['msg'].removeprefix('Value error, ')}. {about}".strip()


def _unreadable(error: ValueError) -> str:
    path = Path(TOML_FILE).resolve()
    cause = error.__cause__ or error
    if "TOML" in type(cause).__name__:
        return f"{path}: not valid TOML: {cause}"
    return f"{error}: {cause}" if cause is not error else str(error)
