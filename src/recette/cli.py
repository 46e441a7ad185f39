"""The `recette` command: one line for a mistake, progress for what is long."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from recette import doctor as machine
from recette.errors import Inconclusive, RecetteError
from recette.evidence import Run
from recette.evidence.phases import timed_phase
from recette.provision import Provisioned, ensure, provision
from recette.reports import rebuild
from recette.reports.summary import console as summary
from recette.sabotage import run as run_sabotages
from recette.site import Site, find_site
from recette.site.diagram import svg
from recette.site.show import tables
from recette.twin import Twin, image
from recette.twin.engine import Podman

console = Console()
errors = Console(stderr=True)

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Executable acceptance of a site's infrastructure.")
twin_app = typer.Typer(no_args_is_help=True, help="The digital twin: the whole site as containers on this machine.")
site_app = typer.Typer(no_args_is_help=True, help="The site model: zones, hosts, flow matrix.")
image_app = typer.Typer(no_args_is_help=True, help="The twin's machine images.")
app.add_typer(twin_app, name="twin")
app.add_typer(site_app, name="site")
app.add_typer(image_app, name="image")


class Target:
    """The site that the command is about, loaded once, when first needed."""

    def __init__(self) -> None:
        self.name = "jumeau"

    @property
    def site(self) -> Site:
        return Site.load(find_site(self.name))


target = Target()


@app.callback()
def choose_site(
    site: Annotated[str, typer.Option(help="Site: a folder of sites/, or the path of one.")] = "jumeau",
) -> None:
    """Executable acceptance of a site's infrastructure."""
    target.name = site


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (SpinnerColumn(), TextColumn("{task.description:<12}"), BarColumn(), TextColumn("{task.fields[detail]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=not console.is_terminal) as progress:
        yield progress


@twin_app.command("up")
def twin_up() -> None:
    """Bring the twin up; what already stands is left alone."""
    twin = Twin(target.site)
    if twin.state.busy:
        console.print("another command holds the twin; waiting for it…")
    with _progress() as progress, timed_phase(twin.site.name, "twin_up_s"):
        bars = {name: progress.add_task(name, total=None, detail="") for name in ("images", "machines", "boot")}
        twin.up(
            lambda stage, done, total: progress.update(
                bars[stage], completed=done, total=total, detail=f"{done}/{total}"
            )
        )
    console.print(f"[green]{len(twin.site.hosts)} hosts running[/green] ({twin.site.name})")


@twin_app.command("down")
def twin_down() -> None:
    """Take the twin down and leave nothing behind."""
    twin = Twin(target.site)
    twin.down()
    console.print(f"{twin.site.name}: nothing left")


@twin_app.command("status")
def twin_status() -> None:
    """One row a host. Exit code 1 unless every host runs."""
    twin = Twin(target.site)
    table = Table("host", "state", "pid", "zones", title=f"twin {twin.site.name}")
    statuses = twin.status()
    for status in statuses:
        zones = ", ".join(f"{i.zone} {i.address}" for i in status.host.interfaces)
        style = "green" if status.ready else "red"
        table.add_row(status.host.name, f"[{style}]{status.state}[/]", str(status.pid or ""), zones)
    console.print(table)
    if not all(status.ready for status in statuses):
        raise typer.Exit(1)


@twin_app.command("ssh")
def twin_ssh(host: str) -> None:
    """Open a shell on a host."""
    twin = Twin(target.site)
    name = twin.site.host(host).name
    os.execvp("ssh", ["ssh", "-F", str(twin.state.ssh_config), name])  # noqa: S606 - becomes ssh itself


@twin_app.command("exec", context_settings={"ignore_unknown_options": True})
def twin_exec(host: str, command: list[str]) -> None:
    """Run a command on a host: recette twin exec HOST -- CMD."""
    twin = Twin(target.site)
    name = twin.site.host(host).name
    os.execvp("ssh", ["ssh", "-F", str(twin.state.ssh_config), name, "--", *command])  # noqa: S606 - becomes ssh itself


@app.command("provision")
def provision_command(
    limit: Annotated[str, typer.Option(help="Hosts, separated by commas (default: all).")] = "",
    roles: Annotated[str, typer.Option(help="Roles, separated by commas (default: all).")] = "",
    *,
    cached: Annotated[bool, typer.Option("--cached", help="Skip hosts whose inputs have not changed.")] = False,
) -> None:
    """Apply the Ansible roles to the site."""
    site = target.site
    with _progress() as progress, timed_phase(site.name, "provision_s"):
        bar = progress.add_task("provision", total=None, detail="")

        def show(task: str, results: int) -> None:
            progress.update(bar, detail=f"{results} results · {task[:60]}")

        if cached:
            outcome = ensure(site, Twin(site).machines(), show)
        else:
            outcome = provision(site, hosts=_split(limit), roles=_split(roles), progress=show)
    _report(outcome)


def _split(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _report(outcome: Provisioned) -> None:
    outcome.require_success()
    console.print(f"{outcome.results} task results, [yellow]{outcome.changes} changed[/yellow]")


@app.command("report")
def report(run: Annotated[str, typer.Argument(help="Run id (default: the latest).")] = "latest") -> None:
    """Rebuild every report of a run from its evidence."""
    rebuilt = rebuild(run)
    console.print(summary(Run.read(rebuilt)))
    console.print(f"reports: {rebuilt}")


@app.command("sabotage")
def sabotage(
    ids: Annotated[list[str] | None, typer.Argument(help="Sabotages to try (default: all).")] = None,
) -> None:
    """Break one thing at a time, and check that the features notice."""
    raise typer.Exit(run_sabotages(target.site, ids or [], console=console))


@app.command("doctor")
def doctor() -> None:
    """Say what this machine lacks, and the command that mends it."""
    findings = machine.examine()
    table = Table("check", "state", "remedy")
    for finding in findings:
        table.add_row(
            finding.name,
            "[green]ok[/]" if finding.ok else f"[red]{finding.detail}[/]",
            "" if finding.ok and finding.name != "inotify" else finding.remedy,
        )
    console.print(table)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@site_app.command("show")
def site_show() -> None:
    """Print zones, hosts and flows."""
    for table in tables(target.site):
        console.print(table)


@site_app.command("diagram")
def site_diagram(
    output: Annotated[Path, typer.Argument(help="SVG file to write.")] = Path("docs/site.svg"),
) -> None:
    """Draw the site as SVG."""
    output.write_text(svg(target.site), encoding="utf-8")
    console.print(f"written: {output}")


@image_app.command("build")
def image_build(
    names: Annotated[list[str] | None, typer.Argument(help="Images (default: those the site needs).")] = None,
) -> None:
    """Build the machine images that are missing."""
    wanted = names or sorted({host.image for host in target.site.hosts.values()})
    podman = Podman()
    with timed_phase(target.site.name, "images_s"):
        for _, reference in image.ensure_all(podman, wanted):
            console.print(reference)


@image_app.command("remove")
def image_remove() -> None:
    """Remove the machine images."""
    console.print(f"{image.remove_all(Podman())} images removed")


def main() -> None:
    """Entry point: a user's mistake is one line, not a traceback."""
    try:
        app()
    except (RecetteError, Inconclusive) as error:
        errors.print(f"[red]recette:[/red] {error}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        errors.print("[red]recette:[/red] interrupted; what was begun is mended by the next command")
        sys.exit(130)


if __name__ == "__main__":
    main()
