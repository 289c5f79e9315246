"""The resource of every asset: a configured factory that hands out the library's `Workspace`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimtab.clock import Clock
from trimtab.config import Settings

if TYPE_CHECKING:
    from trimtab.pipeline.workspace import Workspace


@dataclass(frozen=True)
class WorkspaceResource:
    """Opens the lake, the registry and the strategies of one installation.

    It is a plain object and not a `ConfigurableResource`: the settings come from the environment and
    the settings file once, cannot be changed by whoever launches a run in the UI, and a database URL
    with a password in it is not shown there.

    Attributes
    ----------
    settings: where things are.
    clock: the time of everything that is recorded; the computer's clock when absent.
    """

    settings: Settings
    clock: Clock | None = None

    def open(self) -> Workspace:
        """The workspace, read anew, so that an edited strategy file counts from the next step on."""
        from trimtab.pipeline.workspace import Workspace

        return Workspace.open(self.settings, self.clock)
