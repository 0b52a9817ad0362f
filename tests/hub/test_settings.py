"""One table of settings: flag, environment, file, default; a mistake is one clear line."""

import pytest
from click.testing import CliRunner
from onedoor_hub.cli import main
from onedoor_hub.settings import SETTINGS, SettingsError, resolve, without_password


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Writes onedoor.toml into an empty current folder."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="onedoor.toml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(config):
    config("port = 3\nhost = '10.0.0.3'\nbroker_port = 1003")
    environ = {"ONEDOOR_PORT": "2", "ONEDOOR_HOST": "10.0.0.2"}
    settings = resolve({"port": 1, "host": None}, environ)
    assert [settings.port, settings.host, settings.broker_port, settings.threads] == [
        1,
        "10.0.0.2",
        1003,
        128,
    ]
    assert [settings.sources[name] for name in ("port", "host", "broker_port", "threads")] == [
        "flag --port",
        "environment ONEDOOR_HOST",
        "file onedoor.toml",
        "default",
    ]


def test_the_file_is_the_one_named_by_flag_else_by_environment_else_in_the_folder(config):
    config("port = 1")
    named = config("port = 2", "named.toml")
    other = config("port = 3", "other.toml")
    assert resolve({}, {}).port == 1
    assert resolve({}, {"ONEDOOR_CONFIG": named}).port == 2
    assert resolve({}, {"ONEDOOR_CONFIG": named}, other).port == 3


def test_without_any_file_there_are_the_defaults(config):
    settings = resolve({}, {})
    assert {name: settings.values[name] for name in settings.values} == {
        setting.name: setting.default for setting in SETTINGS
    }
    assert set(settings.sources.values()) == {"default"}


def test_the_database_is_in_the_data_folder_unless_it_is_named(config, tmp_path):
    settings = resolve({"data_dir": str(tmp_path / "data")}, {})
    assert settings.database_url == f"sqlite:///{tmp_path / 'data' / 'hub.db'}"
    assert resolve({"database": "postgresql://h/d"}, {}).database_url == "postgresql://h/d"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "onedoor.toml: unknown setting 'prot'; there are data_dir, database, host"),
        ("[hub]\nport = 1", "onedoor.toml: unknown setting 'hub'"),
        ("port = 0", "port (file onedoor.toml): expected a whole number from 1 to 65535, got 0"),
        ("port = 65536", "expected a whole number from 1 to 65535, got 65536"),
        ("port = true", "expected a whole number from 1 to 65535, got True"),
        ("port = 80.5", "got 80.5"),
        ("host = 1", "host (file onedoor.toml): expected text, got 1"),
        ("host = ''", "host (file onedoor.toml): expected text, got none"),
        ("data_dir = ['a']", "data_dir (file onedoor.toml): expected text, got ['a']"),
        ("port 1", "configuration file onedoor.toml is not TOML"),
        ("port = 1\nport = 2", "configuration file onedoor.toml is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_one_line_that_says_where(config, text, said):
    config(text)
    with pytest.raises(SettingsError) as caught:
        resolve({}, {})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"ONEDOOR_PORT": "http"}, "port (environment ONEDOOR_PORT): expected a whole number"),
        ({"ONEDOOR_PORT": ""}, "port (environment ONEDOOR_PORT): expected a whole number"),
        ({"ONEDOOR_PORT": "-1"}, "got '-1'"),
        ({"ONEDOOR_HOST": ""}, "host (environment ONEDOOR_HOST): expected text, got none"),
        ({"ONEDOOR_CONFIG": "gone.toml"}, "configuration file gone.toml is not there"),
        ({"ONEDOOR_CONFIG": "/"}, "configuration file /: Is a directory"),
    ],
)
def test_a_mistake_in_the_environment_is_one_line_that_says_where(config, environ, said):
    with pytest.raises(SettingsError) as caught:
        resolve({}, environ)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_of_bytes_that_are_no_text_is_one_line(tmp_path):
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00port = 1")
    with pytest.raises(SettingsError, match=r"is not TOML"):
        resolve({}, {}, str(path))


def test_a_home_that_is_nobodys_is_one_line(config):
    with pytest.raises(SettingsError, match="no such home"):
        _ = resolve({"data_dir": "~nobody-of-this-name/x"}, {}).folder


def test_every_setting_is_printed_with_its_meaning_value_and_source(config):
    config("threads = 64")
    shown = CliRunner().invoke(main, ["settings", "--port", "8123"], env={"ONEDOOR_HOST": "::1"})
    assert shown.exit_code == 0
    lines = {line.split("=")[0].strip(): line for line in shown.output.splitlines()}
    assert set(lines) == {setting.name for setting in SETTINGS}
    assert "8123" in lines["port"]
    assert "# flag --port" in lines["port"]
    assert '"::1"' in lines["host"]
    assert "# environment ONEDOOR_HOST" in lines["host"]
    assert "# file onedoor.toml" in lines["threads"]
    help_text = " ".join(CliRunner().invoke(main, ["hub", "--help"]).output.split())
    for setting in SETTINGS:
        assert "--" + setting.name.replace("_", "-") in help_text
        assert setting.meaning.split(";")[0].split(",")[0] in help_text


def test_what_is_printed_can_be_put_into_the_file(config):
    shown = CliRunner().invoke(main, ["settings", "--threads", "77"]).output
    config(shown)
    assert resolve({}, {}).threads == 77


def test_passwords_are_not_printed(config):
    flags = ["--broker", "mqtt://hub:s3cret/@b:1", "--database", "postgresql://u:s3cret@h/d"]
    shown = CliRunner().invoke(main, ["settings", *flags]).output
    assert "s3cret" not in shown
    assert "mqtt://hub:***@b:1" in shown
    assert "postgresql://u:***@h/d" in shown
    assert without_password("sqlite:////a/b@c:1") == "sqlite:////a/b@c:1"
