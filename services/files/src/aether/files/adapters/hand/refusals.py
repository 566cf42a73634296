"""What the program refuses, as the service says it."""

from typing import Any

from aether.contracts.problem import Invalid, NotFound, Refusal
from aether.files.adapters.hand.frames import Garbled
from aether.files.adapters.hand.values import etag_of
from aether.files.errors import (
    ChangedMeanwhile,
    DiskFull,
    Exists,
    IntoItself,
    IsAFolder,
    MachineFailed,
    NotAFile,
    NotAFolder,
    NotARepository,
    NotEmpty,
    NotInHead,
    NotPermitted,
    Outside,
    TooLarge,
    UploadBusy,
    WrongOffset,
)

LONGEST = 400
KINDS: dict[str, tuple[type[Refusal], str]] = {
    "not-found": (NotFound, "There is nothing at this path."),
    "invalid": (Invalid, "This cannot be meant."),
    "outside": (Outside, "A link on this path leads out of the project's folder."),
    "not-permitted": (NotPermitted, "The machine's user may not do this here."),
    "is-a-folder": (IsAFolder, "There is a folder at this path, and a file was meant."),
    "not-a-folder": (NotAFolder, "There is something else on this path where a folder should be."),
    "not-a-file": (NotAFile, "This is a pipe, a socket or a device, which cannot be read as a file."),
    "exists": (Exists, "There is already something at this path."),
    "not-empty": (NotEmpty, "There is something in this folder."),
    "into-itself": (IntoItself, "A folder cannot be moved into itself."),
    "upload-busy": (UploadBusy, "Its bytes are being sent by somebody else right now."),
    "too-large": (TooLarge, "It is larger than the machine lets a file be."),
    "disk-full": (DiskFull, "There is no room left on the machine's disk. What was there before is unharmed."),
    "not-in-head": (NotInHead, "The commit that is checked out has no such file."),
    "not-a-repository": (NotARepository, "There is no git repository in the project's folder, or no git."),
}


def refusal_of(answer: dict[str, Any]) -> Refusal:
    """The refusal that an answer names. Raises Garbled where it names one that needs more and lacks it."""
    kind, detail = str(answer.get("refused")), str(answer.get("detail") or "")[:LONGEST]
    if kind == "changed-meanwhile":
        return ChangedMeanwhile(detail, etag=etag_of(answer.get("etag")))
    if kind == "wrong-offset":
        offset = answer.get("offset")
        if not isinstance(offset, int):
            raise Garbled
        return WrongOffset(detail, offset=offset)
    refused, sentence = KINDS.get(kind, (MachineFailed, "The program in the machine could not do this."))
    return refused(detail or sentence)
