"""Which base model a setting names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from crossover.adapters.base_model import BUILT_IN, WEIGHTS, BaseModelNotFoundError, resolve


def test_no_setting_means_the_built_in_reader_with_what_its_card_says() -> None:
    model = resolve(None)
    assert (model.path, model.name, model.built_in) == (str(WEIGHTS), BUILT_IN, True)
    assert model.max_model_len == 1024
    assert model.passages == 3
    assert len(model.fingerprint) == 12


def test_the_fingerprint_changes_with_weights_and_tokenizer_but_not_with_the_folder(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(WEIGHTS, copy)
    assert resolve(str(copy)).fingerprint == resolve(None).fingerprint
    assert not resolve(str(copy)).built_in
    (copy / "README.md").write_text("not part of the model")
    assert resolve(str(copy)).fingerprint == resolve(None).fingerprint
    for name in ("tokenizer.json", "model.safetensors", "config.json"):
        before = resolve(str(copy)).fingerprint
        with (copy / name).open("ab") as stream:
            stream.write(b" ")
        assert resolve(str(copy)).fingerprint != before, name


def test_a_folder_without_a_card_gets_no_length_and_five_passages(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    model = resolve(str(tmp_path))
    assert (model.name, model.max_model_len, model.passages) == (tmp_path.name, None, 5)


def test_a_hub_id_is_taken_as_it_is_and_with_its_commit_where_it_is_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    model = resolve("Qwen/Qwen3-1.7B")
    assert (model.path, model.name, model.fingerprint) == ("Qwen/Qwen3-1.7B",) * 3
    reference = tmp_path / "models--Qwen--Qwen3-1.7B" / "refs" / "main"
    reference.parent.mkdir(parents=True)
    reference.write_text("0123456789abcdef\n")
    assert resolve("Qwen/Qwen3-1.7B").fingerprint == "Qwen/Qwen3-1.7B@0123456789ab"


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's protocol as one small file needs."""

    commit = "0123456789abcdef0123456789abcdef01234567"

    def do_HEAD(self) -> None:
        body = b"{}"
        found = self.path == "/acme/tiny/resolve/main/config.json"
        self.send_response(200 if found else 404)
        self.send_header("X-Repo-Commit", self.commit)
        self.send_header("ETag", '"5f3c"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_GET = do_HEAD  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


def test_a_hub_model_is_known_by_its_commit_from_the_first_use_on(tmp_path: Path) -> None:
    code = "from crossover.adapters.base_model import fetched; print(fetched('acme/tiny').fingerprint)"
    with HTTPServer(("127.0.0.1", 0), Hub) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        hub_settings = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_HOME": str(tmp_path), "NO_PROXY": "*"}
        online = os.environ | hub_settings | {"HF_HUB_OFFLINE": "0"}
        told = [
            subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
            for env in (online, online | {"HF_HUB_OFFLINE": "1"})
        ]
        hub.shutdown()
    assert told == ["acme/tiny@0123456789ab\n"] * 2


@pytest.mark.parametrize("setting", ["/no/such/folder", "./no-such-folder", "~/no/such/folder"])
def test_a_path_without_a_folder_is_named_in_the_error(setting: str) -> None:
    with pytest.raises(BaseModelNotFoundError, match="no such folder"):
        resolve(setting)


def test_a_folder_without_a_model_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(BaseModelNotFoundError, match=r"no config\.json there"):
        resolve(str(tmp_path))


def test_importing_it_loads_neither_torch_nor_transformers() -> None:
    code = "import sys; import crossover.adapters.base_model; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
