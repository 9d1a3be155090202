"""Telling somebody that a run failed: which plate, which step, why, what to do.

Put here: the words of an alert, which alerts are alike, whom an alert goes to and how.
Do not put here: when an alert is sent (`dagster.sensors.failed_runs`), what the variables may say
(`settings`).
Why webhooks, mail and SNS are our own code: docs/decisions/alerts.md
"""

import json
import logging
import smtplib
import ssl
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from profiling_assets.errors import bearable, without_passwords
from profiling_assets.settings import AlertSettings

if TYPE_CHECKING:
    from apprise import Apprise

_REMEDY = "\nRemedy: "
_SHOWN_STEPS = 5
_LONGEST = 600  # characters of a cause
_AGAIN_SECONDS = 60.0  # a target that does not answer is not asked for every run that fails
_QUIET_SECONDS = 600.0
_SECONDS = 10.0  # a target; Dagster stops a tick of a sensor at 60
_SUBJECT = 100  # characters that SNS takes


@dataclass(frozen=True)
class Failed:
    """A step that failed."""

    step: str  # its name; empty where the run failed outside of a step
    cause: str  # what went wrong, the file first
    remedy: str = ""  # what can be done; empty where that is not known


@dataclass(frozen=True)
class Alert:
    """A run that failed."""

    workspace: str  # root of the workspace, without passwords
    partition: str  # `BATCH/PLATE`, `BATCH`, `all`, or empty for a run without one
    run_id: str  # the run
    link: str  # address of its page; empty where the web server's is not known
    failed: tuple[Failed, ...]  # what failed, in order
    others: int = 0  # runs that failed alike before and were not told

    @property
    def batch(self) -> str:
        """The batch, empty for none."""
        return self.partition.partition("/")[0]

    @property
    def plate(self) -> str:
        """The plate, empty for a run of a batch."""
        return self.partition.partition("/")[2]

    def subject(self) -> str:
        """Return one line."""
        steps = ", ".join(one.step or "the run" for one in self.failed[:_SHOWN_STEPS])
        return bearable(f"profiling_assets: {self.partition or 'a run'} failed in {steps}")

    def text(self) -> str:
        """Return the whole message, a fact a line."""
        lines = [
            self.subject(),
            f"workspace: {self.workspace}",
            f"batch: {self.batch or '-'}",
            f"plate: {self.plate or '-'}",
        ]
        for one in self.failed[:_SHOWN_STEPS]:
            lines += [f"step: {one.step or '-'}", f"cause: {one.cause}"]
            lines += [f"remedy: {one.remedy}"] if one.remedy else []
        if len(self.failed) > _SHOWN_STEPS:
            lines.append(f"and {len(self.failed) - _SHOWN_STEPS} more steps")
        lines.append(f"run: {self.link or self.run_id}")
        if self.others:
            lines.append(f"{self.others} more runs failed alike since the last message")
        return "\n".join(lines)

    def payload(self) -> dict[str, object]:
        """Return the message as JSON values; `text` is what Slack and its likes show."""
        return {
            "text": self.text(),
            "workspace": self.workspace,
            "batch": self.batch,
            "plate": self.plate,
            "run_id": self.run_id,
            "link": self.link,
            "failed": [
                {"step": one.step, "cause": one.cause, "remedy": one.remedy} for one in self.failed
            ],
            "others": self.others,
        }


def failed_step(step: str, text: str) -> Failed:
    """Take an error's text apart."""
    cause, _, remedy = text.strip().partition(_REMEDY)
    return Failed(step, _cut(cause), _cut(remedy))


def _cut(text: str) -> str:
    whole = bearable(without_passwords(" ".join(text.split())))
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]} ..."


@dataclass
class Quiet:
    """Which alerts were told lately: of a hundred plates that fail alike, one is told."""

    seconds: float = _QUIET_SECONDS  # so long an alert like one before is not told
    # what alerts have in common, to when one was told and how many were not since
    told: dict[object, tuple[float, int]] = field(default_factory=dict[object, tuple[float, int]])

    def others(self, alert: Alert, now: float) -> int | None:
        """Return how many alike were not told before; None where this one is not to be told."""
        kind = _kind(alert)
        when, kept = self.told.get(kind, (-self.seconds, 0))
        if now - when < self.seconds:
            self.told[kind] = (when, kept + 1)
            return None
        self.told = {k: v for k, v in self.told.items() if now - v[0] < self.seconds or v[1]}
        self.told[kind] = (now, 0)
        return kept

    def not_told(self, alert: Alert, now: float) -> None:
        """Take note that an alert reached nobody: one like it may be told a minute later."""
        self.told[_kind(alert)] = (now - self.seconds + _AGAIN_SECONDS, alert.others + 1)


def _kind(alert: Alert) -> object:
    return tuple(
        (one.step, _without(one.cause, alert), _without(one.remedy, alert)) for one in alert.failed
    )


def _without(text: str, alert: Alert) -> str:
    for name in (alert.partition, alert.plate, alert.batch):
        text = text.replace(name, "*") if name else text
    return text


class Target(Protocol):
    """Somebody who is told."""

    @property
    def name(self) -> str:
        """What it is called in messages; holds no secret."""
        ...

    def send(self, alert: Alert) -> None:
        """Tell the alert; any exception means that it was not told."""
        ...


class SomeRefusedError(Exception):
    """A mail that a server took for some of its readers."""


class NotToldError(Exception):
    """A target that was not told, in words that hold no secret."""


@dataclass
class Done:
    """What became of an alert."""

    reached: int = 0  # how many targets have it, if only in part
    # a sentence for each that has it in part or not at all; no address, no password in it
    problems: list[str] = field(default_factory=list[str])


def tell_all(targets: Sequence[Target], alert: Alert) -> Done:
    """Tell an alert to every target; one that fails does not keep it from the others."""
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
    if isinstance(error, NotToldError):
        return str(error)
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    if isinstance(error, OSError):
        reason = getattr(error, "reason", None) or error.strerror or ""
        code = getattr(error, "code", "")
        return " ".join(str(part) for part in (type(error).__name__, code, reason) if part)
    return type(error).__name__


def targets_of(settings: AlertSettings, log: Callable[[str], object]) -> list[Target]:
    """Return the targets that the settings name, the log always."""
    targets: list[Target] = [LogLine(log)]
    targets += [Webhook(url) for url in settings.webhooks]
    targets += [Mail(settings)] if settings.mail else []
    targets += [Topic(arn) for arn in settings.topics]
    targets += [Service(url) for url in settings.apprise]
    return targets


@dataclass(frozen=True)
class LogLine:
    """The daemon's log, and the tick's in the web UI."""

    log: Callable[[str], object]  # takes the text
    name: str = "log"

    def send(self, alert: Alert) -> None:
        """Log all of it on one line."""
        self.log(alert.text().replace("\n", " | "))


@dataclass(frozen=True)
class Webhook:
    """A POST of JSON, with the `text` that Slack, Mattermost and others show."""

    url: str = field(repr=False)  # where to; it is a secret itself, as whoever has it can post

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
    """A mail through an SMTP server."""

    settings: AlertSettings = field(repr=False)  # server, sender and readers

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
    """An SNS topic, which mails, sends texts or calls functions as its subscribers asked for."""

    arn: str  # the topic

    @property
    def name(self) -> str:
        """The topic."""
        return f"topic {self.arn}"

    def send(self, alert: Alert) -> None:
        """Publish it."""
        from profiling_assets.workspace.storage.s3.services import service_client

        client = service_client(
            "sns", connect_seconds=_SECONDS / 4, read_seconds=_SECONDS / 4, attempts=2
        )
        subject = alert.subject().encode("ascii", "replace").decode()[:_SUBJECT]
        client.publish(TopicArn=self.arn, Subject=subject, Message=alert.text())


@dataclass(frozen=True)
class Service:
    """One of the chat programs, telephones and pagers that apprise knows."""

    url: str = field(repr=False)  # as apprise writes its address; holds a token or a password

    @property
    def name(self) -> str:
        """The scheme alone: behind it most services have their tokens."""
        return f"{self.url.partition(':')[0]} (apprise)"

    @property
    def usable(self) -> bool:
        """Whether apprise understands the address; nothing is sent."""
        return self._opened() is not None

    def send(self, alert: Alert) -> None:
        """Send it; `NotToldError` where it was not taken."""
        from apprise import NotifyFormat, NotifyType
        from apprise.result import AppriseResultStatus

        opened = self._opened()
        if opened is None:
            raise NotToldError("its address cannot be used")
        subject, _, facts = alert.text().partition("\n")
        told = opened.notify(
            title=subject,
            body=facts,
            notify_type=NotifyType.FAILURE,
            body_format=NotifyFormat.TEXT,
            timeout=_SECONDS,
        )
        if any(one.status is AppriseResultStatus.TIMEOUT for one in told):
            raise NotToldError(f"no answer within {_SECONDS:.0f} s")
        if not told:
            raise NotToldError("it refused, or no connection came about")

    def _opened(self) -> "Apprise | None":
        from apprise import Apprise, AppriseAsset

        # its log names addresses that it does not understand, token and all
        logging.getLogger("apprise").propagate = False
        opened = Apprise(asset=AppriseAsset(app_id="profiling_assets"))
        return opened if opened.add(self.url) else None
