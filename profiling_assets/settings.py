"""The settings of a code location: which workspace, which config.

Put here: what the environment may say, read once and in one place.
Do not put here: the config file's keys (`config`), Dagster resources.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from profiling_assets.errors import ConfigError

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
ALERT_LINK_VARIABLE = "PROFILING_ASSETS_ALERT_LINK"

_LONGEST_SECONDS = 86_400
_MAIL_SCHEMES = ("smtp", "smtps", "smtp+starttls")


@dataclass(frozen=True)
class WatchSettings:
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

    on: bool = False
    seconds: int = 30
    webserver: str | None = None
    queue: str | None = None

    @classmethod
    def from_environment(cls, values: Mapping[str, str]) -> "WatchSettings":
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
        text = values.get(WATCH_SECONDS_VARIABLE) or str(cls.seconds)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _LONGEST_SECONDS):
            raise ConfigError(
                f"{WATCH_SECONDS_VARIABLE} is {text!r}",
                remedy=f"set it to a whole number of seconds from 1 to {_LONGEST_SECONDS}",
            )
        return cls(
            on=(values.get(WATCH_VARIABLE) or "").strip().lower() in {"1", "true", "yes", "on"},
            seconds=int(text),
            webserver=values.get(WEBSERVER_VARIABLE) or None,
            queue=values.get(QUEUE_VARIABLE) or None,
        )


def _scheme(address: str) -> str:
    """Return the scheme of an address; empty where its host or port cannot be used."""
    try:
        parts = urlsplit(address)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port of letters, half a bracket
        return ""
    return parts.scheme if usable else ""


@dataclass(frozen=True)
class AlertSettings:
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
    link : str
        Address of the web UI as the readers reach it; empty for none.
    """

    webhooks: tuple[str, ...] = field(default=(), repr=False)
    mail: tuple[str, ...] = ()
    sender: str = ""
    smtp: str = field(default="", repr=False)
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    topics: tuple[str, ...] = ()
    link: str = ""

    @property
    def on(self) -> bool:
        """Whether anybody is told."""
        return bool(self.webhooks or self.mail or self.topics)

    @classmethod
    def from_environment(cls, values: Mapping[str, str]) -> "AlertSettings":
        """Read the settings from environment variables.

        Parameters
        ----------
        values : mapping of str to str
            The variables.

        Returns
        -------
        AlertSettings
            What the variables say.

        Raises
        ------
        ConfigError
            Where an address has another scheme, or mail lacks its server or its sender.
        """
        webhooks = tuple((values.get(ALERT_WEBHOOK_VARIABLE) or "").split())
        mail = tuple((values.get(ALERT_MAIL_VARIABLE) or "").split())
        smtp, sender = values.get(ALERT_SMTP_VARIABLE) or "", values.get(ALERT_FROM_VARIABLE) or ""
        if any(_scheme(url) not in {"http", "https"} for url in webhooks):
            raise ConfigError(  # the address is a secret: it is not shown
                f"an address in {ALERT_WEBHOOK_VARIABLE} does not begin with https:// and a host",
                remedy="set it to the address that the chat program gave",
            )
        if mail and not (_scheme(smtp) in _MAIL_SCHEMES and sender):
            raise ConfigError(
                f"{ALERT_MAIL_VARIABLE} is set and {ALERT_SMTP_VARIABLE} or {ALERT_FROM_VARIABLE} "
                "cannot be used",
                remedy=f"set {ALERT_SMTP_VARIABLE} to smtp://HOST:PORT, smtps://HOST:PORT or "
                f"smtp+starttls://HOST:PORT, and {ALERT_FROM_VARIABLE} to the sender's address",
            )
        return cls(
            webhooks=webhooks,
            mail=mail,
            sender=sender,
            smtp=smtp,
            smtp_user=values.get(ALERT_USER_VARIABLE) or "",
            smtp_password=values.get(ALERT_PASSWORD_VARIABLE) or "",
            topics=tuple((values.get(ALERT_TOPIC_VARIABLE) or "").split()),
            link=(values.get(ALERT_LINK_VARIABLE) or values.get(WEBSERVER_VARIABLE) or "").rstrip(
                "/"
            ),
        )


@dataclass(frozen=True)
class Settings:
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

    workspace: str | None = None
    config: str | None = None
    inputs: str | None = None
    watch: WatchSettings = WatchSettings()
    alerts: AlertSettings = AlertSettings()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from environment variables.

        Parameters
        ----------
        environment : mapping of str to str, optional
            Defaults to the process's own.

        Returns
        -------
        Settings
            What the variables say; an empty variable counts as not set.
        """
        values = os.environ if environment is None else environment
        return cls(
            workspace=values.get(WORKSPACE_VARIABLE) or None,
            config=values.get(CONFIG_VARIABLE) or None,
            inputs=values.get(INPUT_VARIABLE) or None,
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
