"""What the environment says, and what it does not."""

import pytest

from profiling_assets.errors import ConfigError
from profiling_assets.settings import AlertSettings, Settings, WatchSettings

SECRET = "T0KEN"
ALL = {
    "PROFILING_ASSETS_WORKSPACE": "s3://bucket/project",
    "PROFILING_ASSETS_CONFIG": "config.yml",
    "PROFILING_ASSETS_INPUT": "s3://public/project",
    "PROFILING_ASSETS_WATCH": " Yes ",
    "PROFILING_ASSETS_WATCH_SECONDS": "5",
    "PROFILING_ASSETS_WEBSERVER": "http://ui:3000/",
    "PROFILING_ASSETS_SQS_QUEUE": "https://queue",
    "PROFILING_ASSETS_ALERT_WEBHOOK": f"https://chat/{SECRET} https://other/{SECRET}",
    "PROFILING_ASSETS_ALERT_MAIL": "a@lab.example b@lab.example",
    "PROFILING_ASSETS_ALERT_FROM": "us@lab.example",
    "PROFILING_ASSETS_ALERT_SMTP": "smtps://mail:465",
    "PROFILING_ASSETS_ALERT_SMTP_USER": "me",
    "PROFILING_ASSETS_ALERT_SMTP_PASSWORD": SECRET,
    "PROFILING_ASSETS_ALERT_SNS": "arn:1 arn:2",
    "PROFILING_ASSETS_ALERT_APPRISE": f"slack://{SECRET} tgram://1:{SECRET}/chat",
    "PROFILING_ASSETS_ALERT_LINK": "",
}


def test_each_variable_sets_its_field() -> None:
    settings = Settings.from_environment(ALL)
    assert settings == Settings(
        "s3://bucket/project",
        "config.yml",
        "s3://public/project",
        WatchSettings(on=True, seconds=5, webserver="http://ui:3000/", queue="https://queue"),
        AlertSettings(
            webhooks=(f"https://chat/{SECRET}", f"https://other/{SECRET}"),
            mail=("a@lab.example", "b@lab.example"),
            sender="us@lab.example",
            smtp="smtps://mail:465",
            smtp_user="me",
            smtp_password=SECRET,
            topics=("arn:1", "arn:2"),
            apprise=(f"slack://{SECRET}", f"tgram://1:{SECRET}/chat"),
            link="http://ui:3000",  # the web server's, where no other is named
        ),
    )
    link = {"PROFILING_ASSETS_ALERT_LINK": "https://lab.example/ui/"}
    assert AlertSettings.from_environment(ALL | link).link == "https://lab.example/ui"


def test_an_empty_variable_counts_as_not_set_and_other_programs_variables_are_not_read() -> None:
    assert Settings.from_environment(dict.fromkeys(ALL, "")) == Settings()
    others = {"watch": "{", "workspace": "/w", "profiling_assets_workspace": "/w"}
    assert Settings.from_environment(others) == Settings()


def test_settings_that_are_made_by_hand_read_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)
    made = Settings("/w")
    assert (made.config, made.watch.on, made.alerts.on) == (None, False, False)
    assert Settings.from_environment().config == "config.yml"


def test_secrets_are_not_shown() -> None:
    settings = Settings.from_environment(ALL)
    assert SECRET not in repr(settings) + str(settings.alerts)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"PROFILING_ASSETS_WATCH_SECONDS": "soon"},
            (
                "PROFILING_ASSETS_WATCH_SECONDS is 'soon'\n"
                "Remedy: set it to a whole number of seconds from 1 to 86400"
            ),
        ),
        (
            {"PROFILING_ASSETS_ALERT_WEBHOOK": f"chat/{SECRET}"},
            (
                "an address in PROFILING_ASSETS_ALERT_WEBHOOK does not begin with https:// and a "
                "host\nRemedy: set it to the address that the chat program gave"
            ),
        ),
    ],
)
def test_a_variable_that_cannot_be_used_is_told_with_its_remedy_alone(
    variables: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.from_environment(ALL | variables)
    assert str(caught.value) == message


def test_settings_cannot_be_changed() -> None:
    settings = Settings("/w")
    with pytest.raises(ValueError, match="frozen"):
        settings.workspace = "/other"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("text", ["9" * 5000, "0", "86401", "1.5", "٣", "-1"])
def test_a_pause_that_is_none_is_refused_in_our_words(text: str) -> None:
    with pytest.raises(ConfigError, match="WATCH_SECONDS is"):
        WatchSettings.from_environment({"PROFILING_ASSETS_WATCH_SECONDS": text})
