"""The settings of a code location: which workspace, which config, who is told of what.

Put here: what the environment may say, read once and in one place.
Do not put here: the config file's keys (`config`), Dagster resources.
"""

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from profiling_assets.errors import ConfigError

_PREFIX = "PROFILING_ASSETS_"
WORKSPACE_VARIABLE = "PROFILING_ASSETS_WORKSPACE"
CONFIG_VARIABLE = "PROFILING_ASSETS_CONFIG"
INPUT_VARIABLE = "PROFILING_ASSETS_INPUT"
WATCH_VARIABLE = "PROFILING_ASSETS_WATCH"
WATCH_SECONDS_VARIABLE = "PROFILING_ASSETS_WATCH_SECONDS"
WEBSERVER_VARIABLE = "PROFILING_ASSETS_WEBSERVER"
QUEUE_VARIABLE = "PROFILING_ASSETS_SQS_QUEUE"

ALERT_WEBHOOK_VARIABLE = "PROFILING_ASSETS_ALERT_WEBHOOK"
ALERT_MAIL_VARIABLE = "PROFILING_ASSETS_ALERT_MAIL"
ALERT_FROM_VARIABLE = "PROFILING_ASSETS_ALERT_FROM"
ALERT_SMTP_VARIABLE = "PROFILING_ASSETS_ALERT_SMTP"
ALERT_USER_VARIABLE = "PROFILING_ASSETS_ALERT_SMTP_USER"
ALERT_PASSWORD_VARIABLE = "PROFILING_ASSETS_ALERT_SMTP_PASSWORD"  # noqa: S105 -- its name
ALERT_TOPIC_VARIABLE = "PROFILING_ASSETS_ALERT_SNS"
ALERT_APPRISE_VARIABLE = "PROFILING_ASSETS_ALERT_APPRISE"
ALERT_LINK_VARIABLE = "PROFILING_ASSETS_ALERT_LINK"

_LONGEST_SECONDS = 86_400
_MAIL_SCHEMES = ("smtp", "smtps", "smtp+starttls")


class _Variables(BaseSettings):
    """Fields that variables name by their aliases; an empty variable counts as not set."""

    model_config = SettingsConfigDict(
        frozen=True,
        case_sensitive=True,
        env_ignore_empty=True,
        populate_by_name=True,
        hide_input_in_errors=True,  # it may be a secret
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 -- the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the constructor take what it is given; the environment is read where asked for."""
        return (init_settings,)

    @classmethod
    def _said(cls, values: Mapping[str, str]) -> dict[str, Any]:
        """Return what variables say of the fields; those of other programs are not looked at."""
        source = EnvSettingsSource(cls)
        source.env_vars = {n: text for n, text in values.items() if text and n.startswith(_PREFIX)}
        return source()


def _is_on(value: object) -> object:
    return value.strip().lower() in {"1", "true", "yes", "on"} if isinstance(value, str) else value


def _seconds(value: object) -> object:
    text = str(value)
    # few digits first: Python refuses to read thousands of them
    if not (re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= _LONGEST_SECONDS):
        raise ConfigError(
            f"{WATCH_SECONDS_VARIABLE} is {text!r}",
            remedy=f"set it to a whole number of seconds from 1 to {_LONGEST_SECONDS}",
        )
    return int(text)


class WatchSettings(_Variables):
    """How a workspace is watched for new output.

    Attributes
    ----------
    on : bool
        Whether the sensors run from the start; else a user switches them on in the UI.
    seconds : int
        Least time from one tick of a sensor to the next.
    webserver : str or None
        Address of the web server that reloads the code location when plates come; None where a
        user presses Reload.
    queue : str or None
        URL of an SQS queue with the bucket's event notifications; None where there is none.
    """

    on: Annotated[bool, BeforeValidator(_is_on)] = Field(
        default=False, validation_alias=WATCH_VARIABLE
    )
    seconds: Annotated[int, BeforeValidator(_seconds)] = Field(
        default=30, validation_alias=WATCH_SECONDS_VARIABLE
    )
    webserver: str | None = Field(default=None, validation_alias=WEBSERVER_VARIABLE)
    queue: str | None = Field(default=None, validation_alias=QUEUE_VARIABLE)

    @classmethod
    def from_environment(cls, values: Mapping[str, str]) -> Self:
        """Read the settings from environment variables.

        Parameters
        ----------
        values : mapping of str to str
            The variables.

        Returns
        -------
        WatchSettings
            What the variables say; an empty variable counts as not set.

        Raises
        ------
        ConfigError
            Where the interval is no whole number of seconds from 1 to a day.
        """
        return cls(**cls._said(values))


def _scheme(address: str) -> str:
    """Return the scheme of an address; empty where its host or port cannot be used."""
    try:
        parts = urlsplit(address)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port of letters, half a bracket
        return ""
    return parts.scheme if usable else ""


def _webhooks(urls: tuple[str, ...]) -> tuple[str, ...]:
    if any(_scheme(url) not in {"http", "https"} for url in urls):
        raise ConfigError(  # the address is a secret: it is not shown
            f"an address in {ALERT_WEBHOOK_VARIABLE} does not begin with https:// and a host",
            remedy="set it to the address that the chat program gave",
        )
    return urls


def _services(urls: tuple[str, ...]) -> tuple[str, ...]:
    if not all(re.match(r"[a-zA-Z0-9]+://.", url) for url in urls):
        raise ConfigError(  # the address is a secret: it is not shown
            f"an address in {ALERT_APPRISE_VARIABLE} does not begin with a service and ://",
            remedy="write it as https://github.com/caronc/apprise/wiki says, such as "
            "slack://TOKEN_A/TOKEN_B/TOKEN_C",
        )
    return urls


_Words = Annotated[
    tuple[str, ...],
    NoDecode,  # no JSON
    BeforeValidator(lambda value: value.split() if isinstance(value, str) else value),
]


class AlertSettings(_Variables):
    """Who is told of failed runs; several are separated by blanks.

    Attributes
    ----------
    webhooks : tuple of str
        Addresses that get a POST; each is a secret.
    mail : tuple of str
        Addresses that get a mail.
    sender : str
        Who the mail is from.
    smtp : str
        `smtp://`, `smtps://` or `smtp+starttls://` with host and port.
    smtp_user, smtp_password : str
        For a server that wants a login.
    topics : tuple of str
        ARNs of SNS topics.
    apprise : tuple of str
        Addresses of chat programs and other services, as apprise writes them; each is a secret.
    link : str
        Address of the web UI as the readers reach it; empty for none.
    """

    webhooks: Annotated[_Words, AfterValidator(_webhooks)] = Field(
        default=(), validation_alias=ALERT_WEBHOOK_VARIABLE, repr=False
    )
    mail: _Words = Field(default=(), validation_alias=ALERT_MAIL_VARIABLE)
    sender: str = Field(default="", validation_alias=ALERT_FROM_VARIABLE)
    smtp: str = Field(default="", validation_alias=ALERT_SMTP_VARIABLE, repr=False)
    smtp_user: str = Field(default="", validation_alias=ALERT_USER_VARIABLE)
    smtp_password: str = Field(default="", validation_alias=ALERT_PASSWORD_VARIABLE, repr=False)
    topics: _Words = Field(default=(), validation_alias=ALERT_TOPIC_VARIABLE)
    apprise: Annotated[_Words, AfterValidator(_services)] = Field(
        default=(), validation_alias=ALERT_APPRISE_VARIABLE, repr=False
    )
    link: Annotated[str, AfterValidator(lambda url: url.rstrip("/"))] = Field(
        default="", validation_alias=AliasChoices(ALERT_LINK_VARIABLE, WEBSERVER_VARIABLE)
    )

    @model_validator(mode="after")
    def _mail_can_be_sent(self) -> Self:
        if self.mail and not (_scheme(self.smtp) in _MAIL_SCHEMES and self.sender):
            raise ConfigError(
                f"{ALERT_MAIL_VARIABLE} is set and {ALERT_SMTP_VARIABLE} or {ALERT_FROM_VARIABLE} "
                "cannot be used",
                remedy=f"set {ALERT_SMTP_VARIABLE} to smtp://HOST:PORT, smtps://HOST:PORT or "
                f"smtp+starttls://HOST:PORT, and {ALERT_FROM_VARIABLE} to the sender's address",
            )
        return self

    @property
    def on(self) -> bool:
        """Whether anybody is told."""
        return bool(self.webhooks or self.mail or self.topics or self.apprise)

    @classmethod
    def from_environment(cls, values: Mapping[str, str]) -> Self:
        """Read the settings from environment variables.

        Parameters
        ----------
        values : mapping of str to str
            The variables.

        Returns
        -------
        AlertSettings
            What the variables say; an empty variable counts as not set.

        Raises
        ------
        ConfigError
            Where an address has another scheme, or mail lacks its server or its sender.
        """
        return cls(**cls._said(values))


class Settings(_Variables):
    """Which workspace and which config a code location serves.

    Attributes
    ----------
    workspace : str or None
        Root of the workspace; None shows the graph without plates.
    config : str or None
        Path of the config file on this machine; None takes the handbook's choices for every
        plate of the workspace.
    inputs : str or None
        Root of a second workspace that is read and never written, such as a public bucket; what
        the workspace itself lacks is looked for there. None for none.
    watch : WatchSettings
        How it is watched for new output; child processes inherit these variables as they are.
    alerts : AlertSettings
        Who is told of failed runs; likewise.
    """

    workspace: str | None = Field(default=None, validation_alias=WORKSPACE_VARIABLE)
    config: str | None = Field(default=None, validation_alias=CONFIG_VARIABLE)
    inputs: str | None = Field(default=None, validation_alias=INPUT_VARIABLE)
    watch: WatchSettings = WatchSettings()
    alerts: AlertSettings = AlertSettings()

    def __init__(
        self,
        workspace: str | None = None,
        config: str | None = None,
        inputs: str | None = None,
        watch: WatchSettings = WatchSettings(),  # noqa: B008 -- frozen
        alerts: AlertSettings = AlertSettings(),  # noqa: B008
    ) -> None:
        given: dict[str, Any] = {
            "workspace": workspace,
            "config": config,
            "inputs": inputs,
            "watch": watch,
            "alerts": alerts,
        }
        super().__init__(**given)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the settings from environment variables.

        Parameters
        ----------
        environment : mapping of str to str, optional
            Defaults to the process's own.

        Returns
        -------
        Settings
            What the variables say; an empty variable counts as not set.

        Raises
        ------
        ConfigError
            Where a variable cannot be used.
        """
        values = os.environ if environment is None else environment
        said = cls._said(values)
        return cls(
            said.get(WORKSPACE_VARIABLE),
            said.get(CONFIG_VARIABLE),
            said.get(INPUT_VARIABLE),
            watch=WatchSettings.from_environment(values),
            alerts=AlertSettings.from_environment(values),
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that hand these settings to a child process.

        Returns
        -------
        dict of str to str
            The variables of workspace, config and input, empty where nothing is set.
        """
        return {
            WORKSPACE_VARIABLE: self.workspace or "",
            CONFIG_VARIABLE: self.config or "",
            INPUT_VARIABLE: self.inputs or "",
        }
