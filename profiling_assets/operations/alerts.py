"""What is told to somebody when a run fails: which plate, which step, why, and what to do.

Put here: the alert and its words, and which alerts are alike.
Do not put here: to whom it goes and how (`operations.alerting`), when (`dagster.sensors.new_output`).
"""

from dataclasses import dataclass, field

from profiling_assets.printable import bearable, without_passwords

_REMEDY = "\nRemedy: "
_SHOWN_STEPS = 5
_LONGEST = 600  # characters of a cause
_AGAIN_SECONDS = 60.0  # a target that does not answer is not asked for every run that fails
_QUIET_SECONDS = 600.0


@dataclass(frozen=True)
class Failed:
    """A step that failed.

    Attributes
    ----------
    step : str
        Its name; empty where the run failed outside of a step.
    cause : str
        What went wrong, the file first.
    remedy : str
        What can be done; empty where that is not known.
    """

    step: str
    cause: str
    remedy: str = ""


@dataclass(frozen=True)
class Alert:
    """A run that failed.

    Attributes
    ----------
    workspace : str
        Root of the workspace, without passwords.
    partition : str
        `BATCH/PLATE`, `BATCH`, `all`, or empty for a run without one.
    run_id : str
        The run.
    link : str
        Address of its page; empty where the web server's is not known.
    failed : tuple of Failed
        What failed, in order.
    others : int
        Runs that failed alike before and were not told.
    """

    workspace: str
    partition: str
    run_id: str
    link: str
    failed: tuple[Failed, ...]
    others: int = 0

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
    """Take an error's text apart.

    Parameters
    ----------
    step : str
        The step.
    text : str
        What the error says; that of a `ProfilingError` ends with its remedy.

    Returns
    -------
    Failed
        Without passwords, cut to what fits into a message.
    """
    cause, _, remedy = text.strip().partition(_REMEDY)
    return Failed(step, _cut(cause), _cut(remedy))


def _cut(text: str) -> str:
    whole = bearable(without_passwords(" ".join(text.split())))
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]} ..."


@dataclass
class Quiet:
    """Which alerts were told lately: of a hundred plates that fail alike, one is told.

    Attributes
    ----------
    seconds : float
        So long an alert like one before is not told.
    told : dict of object to tuple of float and int
        What alerts have in common, to when one was told and how many were not since.
    """

    seconds: float = _QUIET_SECONDS
    told: dict[object, tuple[float, int]] = field(default_factory=dict[object, tuple[float, int]])

    def others(self, alert: Alert, now: float) -> int | None:
        """Say whether an alert is to be told.

        Parameters
        ----------
        alert : Alert
            The alert.
        now : float
            Seconds on any clock that goes on.

        Returns
        -------
        int or None
            How many like it were not told; None where it is not to be told either.
        """
        kind = _kind(alert)
        when, kept = self.told.get(kind, (-self.seconds, 0))
        if now - when < self.seconds:
            self.told[kind] = (when, kept + 1)
            return None
        self.told = {k: v for k, v in self.told.items() if now - v[0] < self.seconds or v[1]}
        self.told[kind] = (now, 0)
        return kept

    def not_told(self, alert: Alert, now: float) -> None:
        """Take note that an alert reached nobody: one like it may be told a minute later.

        Parameters
        ----------
        alert : Alert
            The alert, with its `others`.
        now : float
            Seconds on the clock of `others`.
        """
        self.told[_kind(alert)] = (now - self.seconds + _AGAIN_SECONDS, alert.others + 1)


def _kind(alert: Alert) -> object:
    return tuple(
        (one.step, _without(one.cause, alert), _without(one.remedy, alert)) for one in alert.failed
    )


def _without(text: str, alert: Alert) -> str:
    for name in (alert.partition, alert.plate, alert.batch):
        text = text.replace(name, "*") if name else text
    return text
