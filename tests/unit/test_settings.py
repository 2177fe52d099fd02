"""Settings: defaults < mindgraph.toml < MINDGRAPH_* variables < options."""

from __future__ import annotations

from pathlib import Path

import pytest

from mindgraph.errors import SettingsError, WorkspaceError
from mindgraph.settings import FILE, Settings, load_settings, write_settings


def told(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def test_the_nearer_source_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option beats a variable, a variable the file, the file the default."""
    assert load_settings(tmp_path).threshold == 0.5
    told(tmp_path, "threshold = 0.6\n")
    assert load_settings(tmp_path).threshold == 0.6
    monkeypatch.setenv("MINDGRAPH_THRESHOLD", "0.7")
    assert load_settings(tmp_path).threshold == 0.7
    assert load_settings(tmp_path, {"threshold": 0.8}).threshold == 0.8
    assert load_settings(tmp_path, {"threshold": None}).threshold == 0.7


def test_variables_of_lists_are_split_at_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that holds several values separates them by commas."""
    monkeypatch.setenv("MINDGRAPH_RELATIONS", "usedFor,can,")
    monkeypatch.setenv("MINDGRAPH_RESOLUTIONS", "4,2,1")
    settings = load_settings(tmp_path)
    assert (settings.relations, settings.resolutions) == (("usedFor", "can"), (4.0, 2.0, 1.0))


def test_the_data_set_is_named_after_the_folder(tmp_path: Path) -> None:
    """Without a name of its own a data set has the folder's."""
    assert load_settings(tmp_path).dataset == tmp_path.name
    assert load_settings(told(tmp_path, 'dataset = "shop"')).dataset == "shop"


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    """What is written is what is read, lists and unicode included."""
    chosen = {"dataset": "Lädchen", "relations": ("usedFor", "can"), "threshold": 0.25}
    write_settings(tmp_path, chosen)
    settings = load_settings(tmp_path)
    assert {name: getattr(settings, name) for name in chosen} == chosen


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("treshold = 0.5", "there is no setting 'treshold'", "Did you mean threshold?"),
        ("threshold = \nseed = 1", "line 1", "Mend the line"),
        ("threshold = 1.5", "threshold cannot be 1.5. Expected `float` <= 1.0", "Settings come from"),
        ("threshold = nan", "threshold cannot be nan", "Settings come from"),
        ("concurrency = 0", "concurrency cannot be 0. Expected `int` >= 1", "Settings come from"),
        ("samples = 'many'", "samples cannot be 'many'. Expected `int`, got `str`", "Settings come from"),
        ("calls = 'single'", "calls cannot be 'single'", "One of: grouped, per-relation."),
        ("relations = 'usedFor'", "relations cannot be 'usedFor'", "Settings come from"),
        ("resolutions = [1, 'x']", "resolutions cannot be [1, 'x']", "Settings come from"),
    ],
)
def test_a_wrong_setting_names_file_and_expectation(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    """One line says which file, which setting, what it is and what it may be."""
    with pytest.raises(SettingsError) as error:
        load_settings(told(tmp_path, text))
    assert str(error.value).startswith(str(tmp_path / FILE))
    assert message in str(error.value)
    assert hint in error.value.hint


def test_a_wrong_variable_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that cannot be read is named, not the file that is right."""
    told(tmp_path, "threshold = 0.5")
    monkeypatch.setenv("MINDGRAPH_THRESHOLD", "half")
    with pytest.raises(SettingsError, match=r"MINDGRAPH_\*: threshold cannot be 'half'"):
        load_settings(tmp_path)


def test_a_misspelt_variable_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is nearly a setting's is no setting silently ignored."""
    monkeypatch.setenv("MINDGRAPH_TRESHOLD", "0.9")
    with pytest.raises(SettingsError, match="no setting MINDGRAPH_TRESHOLD") as error:
        load_settings(tmp_path)
    assert error.value.hint == "Did you mean MINDGRAPH_THRESHOLD?"


def test_other_variables_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that are no settings do no harm."""
    monkeypatch.setenv("MINDGRAPH_API_KEY", "secret")
    monkeypatch.setenv("MINDGRAPH_CACHE", "/somewhere")
    assert load_settings(tmp_path) == Settings(dataset=tmp_path.name)


def test_a_newer_workspace_is_told_before_its_settings(tmp_path: Path) -> None:
    """A newer version's file says so, though it may hold settings that are unknown here."""
    with pytest.raises(WorkspaceError, match="written by a newer version") as error:
        load_settings(told(tmp_path, "format = 99\nsomething_new = true"))
    assert "Upgrade" in error.value.hint


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    """Binary rubbish in mindgraph.toml is an error with the file's name."""
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=FILE):
        load_settings(tmp_path)
