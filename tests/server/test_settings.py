"""Settings: from the environment and crossover.toml; a wrong one is told by name, with what it takes."""

from pathlib import Path

import pytest

from crossover.server.settings import Settings, SettingsError, load


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CROSSOVER_{name.upper()}", raising=False)


def test_the_environment_goes_before_the_file_and_the_command_line_before_both(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("crossover.toml").write_text("port = 1\nfew_shot = 1\nmax_tokens = 1\n")
    monkeypatch.setenv("CROSSOVER_PORT", "2")
    monkeypatch.setenv("CROSSOVER_FEW_SHOT", "2")

    settings = load(port=3, host=None)

    assert (settings.port, settings.few_shot, settings.max_tokens) == (3, 2, 1)
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "70000", "CROSSOVER_PORT=70000: Input should be less than or equal to 65535"),
        ("PORT", "http", "CROSSOVER_PORT=http"),
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("VLLM_URL", "localhost:8000", "write http://HOST:PORT"),
        ("GPU_MEMORY_UTILIZATION", "2", "Share of the GPU's memory"),
        ("CHAT_TEMPLATE_KWARGS", "{oops", "chat_template_kwargs"),
        ("PROT", "8000", "CROSSOVER_PROT is no setting: did you mean CROSSOVER_PORT?"),
    ],
)
def test_a_wrong_setting_is_told_by_name_with_what_it_takes(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CROSSOVER_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load()
    assert says in str(caught.value)


def test_all_wrong_settings_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_PORT", "-1")
    monkeypatch.setenv("CROSSOVER_MAX_TOKENS", "0")
    with pytest.raises(SettingsError, match=r"(?s)CROSSOVER_\w+=.*\nCROSSOVER_"):
        load()


def test_an_unreadable_or_unknown_line_of_the_file_is_told() -> None:
    Path("crossover.toml").write_text("port = = 1")
    with pytest.raises(SettingsError, match=r"crossover\.toml: not valid TOML"):
        load()
    Path("crossover.toml").write_text("prot = 1")
    with pytest.raises(SettingsError, match=r"crossover\.toml: CROSSOVER_PROT is no setting"):
        load()


def test_a_secret_never_stands_in_an_error_or_a_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_VLLM_API_KEY", "s3cret")
    assert "s3cret" not in repr(load())


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")] == []


def test_several_vllm_urls_stand_behind_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSOVER_VLLM_URL", "http://a:1, http://b:2/")
    assert load().vllm_urls == ["http://a:1", "http://b:2"]


def test_the_server_listens_where_the_readme_says() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f'base_url="http://127.0.0.1:{load().port}/v1"' in readme
