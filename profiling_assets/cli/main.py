"""The entry point: the command group, exit codes, and how an error is shown.

Put here: what holds for every command.
Do not put here: a command (one module each).
Exit codes: 0 all that was asked for is there; 1 something is not, or the input cannot be used;
2 the command line cannot be understood; 130 stopped with Ctrl-C.
"""

import sys

import click

from profiling_assets import __version__
from profiling_assets.errors import ProfilingError

# Commands are imported when they are asked for: Dagster takes seconds, and most need none of it.
_COMMANDS = {
    "demo": ("profiling_assets.cli.demo", "Make a small workspace and run everything on it."),
    "init-workspace": (
        "profiling_assets.cli.init_workspace",
        "Make a workspace of a folder of CellProfiler output.",
    ),
    "init-config": ("profiling_assets.cli.init_config", "Write a config for a workspace."),
    "scan": ("profiling_assets.cli.scan", "Show the plates of a workspace and their sites."),
    "estimate": (
        "profiling_assets.cli.estimate",
        "Say what a workspace will take before it is built.",
    ),
    "exclude": ("profiling_assets.cli.exclude", "Take a plate out, with a reason."),
    "include": ("profiling_assets.cli.include", "Take an excluded plate back in."),
    "check": ("profiling_assets.cli.check", "Say what is wrong before anything is computed."),
    "run": ("profiling_assets.cli.run", "Build what is not current."),
    "ui": ("profiling_assets.cli.ui", "Start the web UI on a workspace."),
    "prune": ("profiling_assets.cli.prune", "Remove old runs from the event log."),
    "pull": ("profiling_assets.cli.pull", "Copy what profiling starts from into a workspace."),
    "push": ("profiling_assets.cli.push", "Copy what was made to another workspace."),
    "publish": ("profiling_assets.cli.publish", "Commit what was made to a data repository."),
    "init-data-repo": ("profiling_assets.cli.init_data_repo", "Make a data repository."),
    "diff": ("profiling_assets.cli.diff", "Say what differs between two results."),
    "check-deployment": (
        "profiling_assets.cli.check_deployment",
        "Say what a deployment (deploy/) lacks on this machine.",
    ),
    "config": ("profiling_assets.cli.config", "Check a config file, or print the reference."),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a new user needs them."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = __import__(_COMMANDS[cmd_name][0], fromlist=["command"])
        return module.command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="profiling-assets")
def cli() -> None:
    """Turn CellProfiler output into Cell Painting profiles.

    A workspace is a folder in the layout of the image-based profiling handbook:
    analysis/BATCH/PLATE/analysis/PLATE-WELL-SITE/*.csv and metadata/platemaps/BATCH/. Results go to
    backend/ and profiles/ beside them.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    try:
        status = cli.main(arguments, prog_name="profiling-assets", standalone_mode=False)
    except ProfilingError as error:
        click.echo(f"error: {error}", err=True)
        status = 1
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        status = 130
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
