"""To whom a failed run is told: log, webhook, mail, SNS.

Put here: the targets, and sending to all of them.
Do not put here: the message (`operations.alerts`), which targets there are (`settings`), when they are
told (`dagster.sensors.failed_runs`).
"""

import json
import smtplib
import ssl
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Protocol
from urllib.parse import urlsplit

from profiling_assets.operations.alerts import Alert
from profiling_assets.printable import bearable
from profiling_assets.settings import AlertSettings

_SECONDS = 10.0  # a target; Dagster stops a tick of a sensor at 60
_SUBJECT = 100  # characters that SNS takes


class SomeRefusedError(Exception):
    """A mail that a server took for some of its readers."""


class Target(Protocol):
    """Somebody who is told."""

    @property
    def name(self) -> str:
        """What it is called in messages; holds no secret."""
        ...

    def send(self, alert: Alert) -> None:
        """Tell the alert; any exception means that it was not told."""
        ...


@dataclass(frozen=True)
class LogLine:
    """The daemon's log, and the tick's in the web UI.

    Attributes
    ----------
    log : callable
        Takes the text.
    """

    log: Callable[[str], object]
    name: str = "log"

    def send(self, alert: Alert) -> None:
        """Log all of it on one line."""
        self.log(alert.text().replace("\n", " | "))


@dataclass(frozen=True)
class Webhook:
    """A POST of JSON, with the `text` that Slack, Mattermost and others show.

    Attributes
    ----------
    url : str
        Where to; it is a secret itself, as whoever has it can post.
    """

    url: str = field(repr=False)

    @property
    def name(self) -> str:
        """The host alone."""
        return f"webhook at {urlsplit(self.url).hostname}"

    def send(self, alert: Alert) -> None:
        """Post it."""
        request = urllib.request.Request(  # noqa: S310 -- AlertSettings takes http(s) alone
            self.url,
            data=json.dumps(alert.payload()).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310 -- see above
            pass


@dataclass(frozen=True)
class Mail:
    """A mail through an SMTP server.

    Attributes
    ----------
    settings : AlertSettings
        Server, sender and readers.
    """

    settings: AlertSettings = field(repr=False)

    @property
    def name(self) -> str:
        """The server's host and port."""
        address = urlsplit(self.settings.smtp)
        return f"mail through {address.hostname}:{address.port or ''}"

    def send(self, alert: Alert) -> None:
        """Send it to all readers; `SomeRefusedError` where the server takes it for some alone."""
        chosen = self.settings
        message = EmailMessage()
        message["Subject"] = " ".join(alert.subject().split())
        message["From"] = chosen.sender
        message["To"] = ", ".join(chosen.mail)
        message.set_content(alert.text())
        address = urlsplit(chosen.smtp)
        host, port = address.hostname or "", address.port or 0
        secure = ssl.create_default_context()
        if address.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=secure)
        else:
            server = smtplib.SMTP(host, port, timeout=_SECONDS)
        with server:
            if address.scheme == "smtp+starttls":
                server.starttls(context=secure)
            if chosen.smtp_user:
                server.login(chosen.smtp_user, chosen.smtp_password)
            refused = server.send_message(message)
        if refused:
            raise SomeRefusedError(f"refused for {len(refused)} of {len(chosen.mail)} readers")


@dataclass(frozen=True)
class Topic:
    """An SNS topic, which mails, sends texts or calls functions as its subscribers asked for.

    Attributes
    ----------
    arn : str
        The topic.
    """

    arn: str

    @property
    def name(self) -> str:
        """The topic."""
        return f"topic {self.arn}"

    def send(self, alert: Alert) -> None:
        """Publish it."""
        import boto3
        from botocore.config import Config

        patience = Config(
            connect_timeout=_SECONDS / 4,
            read_timeout=_SECONDS / 4,
            retries={"total_max_attempts": 2},
        )
        client: Any = boto3.client("sns", config=patience)
        subject = alert.subject().encode("ascii", "replace").decode()[:_SUBJECT]
        client.publish(TopicArn=self.arn, Subject=subject, Message=alert.text())


def targets_of(settings: AlertSettings, log: Callable[[str], object]) -> list[Target]:
    """Return the targets that the settings name, the log always.

    Parameters
    ----------
    settings : AlertSettings
        What the environment says.
    log : callable
        Takes a line.

    Returns
    -------
    list of Target
        The log first.
    """
    targets: list[Target] = [LogLine(log)]
    targets += [Webhook(url) for url in settings.webhooks]
    targets += [Mail(settings)] if settings.mail else []
    targets += [Topic(arn) for arn in settings.topics]
    return targets


@dataclass
class Done:
    """What became of an alert.

    Attributes
    ----------
    reached : int
        How many targets have it, if only in part.
    problems : list of str
        A sentence for each that has it in part or not at all; no address, no password in it.
    """

    reached: int = 0
    problems: list[str] = field(default_factory=list[str])


def tell_all(targets: Sequence[Target], alert: Alert) -> Done:
    """Tell an alert to every target; one that fails does not keep it from the others.

    Parameters
    ----------
    targets : sequence of Target
        Who is told.
    alert : Alert
        What.

    Returns
    -------
    Done
        How many were told, and why others were not.
    """
    done = Done()
    of = f"the alert of {alert.partition}"
    for target in targets:
        try:
            target.send(alert)
        except SomeRefusedError as error:
            done.reached += 1
            done.problems.append(f"{of}: {target.name} {error}")
        except Exception as error:  # noqa: BLE001 -- whatever a target does, the others are told
            done.problems.append(f"{of} did not reach {target.name}: {bearable(_safe(error))}")
        else:
            done.reached += 1
    return done


def _safe(error: Exception) -> str:
    # what a server answers may quote what it was sent: a login, or an address with a token
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    if isinstance(error, OSError):
        reason = getattr(error, "reason", None) or error.strerror or ""
        code = getattr(error, "code", "")
        return " ".join(str(part) for part in (type(error).__name__, code, reason) if part)
    return type(error).__name__
