"""What an agent is started with, and what an entry of the catalog makes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aether.agents.domain.report import Report


@dataclass(frozen=True)
class Launch:
    """One start of one run, as the machine will see it.

    `brokers` has for each vendor that is brokered the address below which its API is (no trailing slash, without
    the vendor's own /v1); `secret` is what the agent shows there in place of a key: it opens this machine's broker
    for this run and nothing else. Vendors whose key is injected are in the environment under their usual names.
    """

    run_id: str
    prompt: str
    command: str
    home: str
    workspace: str
    place: str  # a folder of this run on tmpfs, mode 0700; gone with the machine
    program: str  # the aether program in the machine: `aether hook …`, see adapters/machine/program
    secret: str
    brokers: Mapping[str, str]
    session: str = ""  # the agent's id of the conversation to resume, if it told one
    resuming: bool = False


@dataclass(frozen=True)
class File:
    """A file to be written before the start; `path` is absolute or begins with ~/. Parents are made, mode 0700.

    `merge` of JSON: what is there stays, and only our keys are put in; a file that is no JSON object is left.
    """

    path: str
    text: str
    mode: int = 0o600
    merge: bool = False


@dataclass(frozen=True)
class Plan:
    """How to run it: environment beside the machine's own, files, and one sh command that becomes the agent."""

    command: str
    env: Mapping[str, str]
    files: Sequence[File] = ()


@dataclass(frozen=True)
class Agent:
    """An entry of the catalog. The texts are what a person reads of it.

    `detect` and `install` are sh scripts for the machine, run in its workspace: detect exits 0 and prints a
    version where the agent is; install brings it from a package registry, says what goes on, and exits 0.
    `plan` makes a start of it. `read` turns what its hooks and events say (parsed JSON, from the machine, of any
    shape) into reports; it never raises.
    """

    name: str
    title: str
    summary: str
    homepage: str
    vendors: tuple[str, ...]
    detect: str
    install: str
    plan: Callable[[Launch], Plan]
    read: Callable[[str, Any, datetime], list[Report]]  # (event's name, payload, at)
    takes_prompt: bool = True
    takes_command: bool = False
    resumes: bool = False
    has_hooks: bool = (
        False  # its own word on its state comes by hooks or OSC 7501; else terminal and screen are read
    )
    moves: bool = False  # its screen is never still while it works: there is a clock or the like
    seen_version: str = ""
    # Patterns (re.MULTILINE, on the last lines of the screen) that mean that it waits for an answer.
    asks: tuple[str, ...] = ()
    # Patterns (re.MULTILINE) of what stands above a dialog of its own: what is further up is no part of that.
    above: tuple[str, ...] = ()
