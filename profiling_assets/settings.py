"""The settings of a code location: which workspace, which config.

Put here: what the environment may say, read once and in one place.
Do not put here: the config file's keys (`core.config`), Dagster resources.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

WORKSPACE_VARIABLE = "PROFILING_ASSETS_WORKSPACE"
CONFIG_VARIABLE = "PROFILING_ASSETS_CONFIG"
INPUT_VARIABLE = "PROFILING_ASSETS_INPUT"


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
    """

    workspace: str | None = None
    config: str | None = None
    inputs: str | None = None

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
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that hand these settings to a child process.

        Returns
        -------
        dict of str to str
            All variables, empty where nothing is set.
        """
        return {
            WORKSPACE_VARIABLE: self.workspace or "",
            CONFIG_VARIABLE: self.config or "",
            INPUT_VARIABLE: self.inputs or "",
        }
