"""The tree of refusals.

Refusal
├── NotFound (aether.contracts)       404  nothing is there; foreign projects look the same
│   ├── NotInHead                     404  the commit that is checked out has no such file
│   └── NotARepository                404  the project's folder is no git repository, or there is no git
├── Invalid (aether.contracts)        422  a path, a pattern or a number that cannot be meant
├── Outside                           403  a link leads out of the project
├── NotPermitted                      403  the machine's user may not do this
├── IsAFolder                         409  a file was needed
├── NotAFolder                        409  a folder was needed
├── NotAFile                          409  it is a pipe, a socket or a device
├── Exists                            409  something is there, and overwriting was not asked for
├── NotEmpty                          409  the folder holds something, and deleting that was not asked for
├── IntoItself                        409  a folder cannot be moved into itself
├── ChangedMeanwhile                  412  what is there is not what the condition named
├── WrongOffset                       409  the upload goes on at another byte
├── UploadBusy                        409  somebody else sends bytes of this upload right now
├── TooLarge                          413  more than this operation takes
├── RangeNotSatisfiable               416  the file ends before the range begins
├── DiskFull                          507  the machine's disk, or its quota, is full
├── NoPython                          503  the machine has no Python, so nothing can be done to its files
├── MachineFailed                     502  the machine's side broke: a disk that fails, a program that was ended
├── TooBusy                           429  as much is under way in this project as may be
├── TooManyUploads                    429  so many uploads wait for their rest
├── ForeignOrigin                     403  the page that asks is not ours
└── NotYourRight                      403  the grant is for something else

MachineUnreachable (aether.kit.ssh, 503) comes through here as well.
"""

from aether.contracts.problem import NotFound, Refusal


class NotInHead(NotFound):
    type = "not-in-head"
    title = "This file is not in the commit that is checked out"


class NotARepository(NotFound):
    type = "not-a-repository"
    title = "This project is not a git repository"


class Outside(Refusal):
    status = 403
    type = "outside"
    title = "This leads out of the project"

    def __init__(self, detail: str = "A link on this path leads out of the project's folder.") -> None:
        super().__init__(detail)


class NotPermitted(Refusal):
    status = 403
    type = "not-permitted"
    title = "The machine does not permit this"


class IsAFolder(Refusal):
    status = 409
    type = "is-a-folder"
    title = "This is a folder"


class NotAFolder(Refusal):
    status = 409
    type = "not-a-folder"
    title = "This is not a folder"


class NotAFile(Refusal):
    status = 409
    type = "not-a-file"
    title = "This is not a file"


class Exists(Refusal):
    status = 409
    type = "exists"
    title = "There is already something of this name"


class NotEmpty(Refusal):
    status = 409
    type = "not-empty"
    title = "The folder is not empty"


class IntoItself(Refusal):
    status = 409
    type = "into-itself"
    title = "A folder cannot be moved into itself"


class ChangedMeanwhile(Refusal):
    """`etag` is what the file has now; None if it is gone."""

    status = 412
    type = "changed-meanwhile"
    title = "The file was changed meanwhile"

    def __init__(self, detail: str = "", *, etag: str | None = None) -> None:
        super().__init__(detail)
        self.etag = etag


class WrongOffset(Refusal):
    """`offset` is where the upload goes on."""

    status = 409
    type = "wrong-offset"
    title = "The upload goes on elsewhere"

    def __init__(self, detail: str = "", *, offset: int) -> None:
        super().__init__(detail)
        self.offset = offset


class UploadBusy(Refusal):
    status = 409
    type = "upload-busy"
    title = "This upload is being sent already"


class TooLarge(Refusal):
    status = 413
    type = "too-large"
    title = "That is too large"


class RangeNotSatisfiable(Refusal):
    """`size` is how many bytes there are."""

    status = 416
    type = "range-not-satisfiable"
    title = "The file ends before this range begins"

    def __init__(self, detail: str = "", *, size: int) -> None:
        super().__init__(detail)
        self.size = size


class DiskFull(Refusal):
    status = 507
    type = "disk-full"
    title = "The machine's disk is full"


class NoPython(Refusal):
    status = 503
    type = "no-python"
    title = "The machine has no Python"

    def __init__(
        self,
        detail: str = "Files are read and written by a small Python program in the machine. "
        "Install Python 3.8 or newer as python3 there and try again.",
    ) -> None:
        super().__init__(detail)


class MachineFailed(Refusal):
    status = 502
    type = "machine-failed"
    title = "The machine could not do this"


class TooBusy(Refusal):
    status = 429
    type = "too-busy"
    title = "Too much is under way in this project"


class TooManyUploads(Refusal):
    status = 429
    type = "too-many-uploads"
    title = "Too many uploads of this project are not finished"

    def __init__(self, limit: int) -> None:
        super().__init__(f"This project has {limit} unfinished uploads, which is the limit. Delete some.")


class ForeignOrigin(Refusal):
    status = 403
    type = "foreign-origin"
    title = "This page may not use files"


class NotYourRight(Refusal):
    status = 403
    type = "no-right"
    title = "This grant is for something else"
