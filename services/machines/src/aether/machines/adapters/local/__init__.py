"""Machines on this very computer, a process tree each. Linux only, for it reads /proc.

It keeps a person's own projects out of each other's files. It does not keep strangers out of the computer:
the kernel and the network are shared, and whatever listens on loopback can be reached from a machine.

|                       | bubblewrap, root | bubblewrap, person | asyncssh, root    | asyncssh, person    |
|-----------------------|------------------|--------------------|-------------------|---------------------|
| other projects' files | not there        | not there          | closed by uid     | **open**            |
| the host's files      | system, to read  | system, to read    | as for any uid    | **as the person**   |
| other processes       | not there        | not there          | seen only         | **as the person**   |
| processes, threads    | held by uid      | held by namespace  | held by uid       | **not held**        |
| size of one file      | the disk limit   | the disk limit     | the disk limit    | the disk limit      |
| size of the volume    | **told only**    | **told only**      | **told only**     | **told only**       |
| memory, processor     | by control group | by control group   | by control group  | by control group    |
| end of the tree       | by pid namespace | by pid namespace   | by uid            | by descent and mark |

By control group: cgroup v2, where this process may make groups (see `cgroups`), which then hold processes
and threads too; elsewhere, as in most containers, memory and processor are **not held**.
Told: `LocalProvider.used_mb`. By namespace: from Linux 5.14 on; before, it counts all the person runs.
By descent and mark: what left both its parents and its environment behind is missed. Open files are held
to 65536, or to what this process may have itself.
"""

from aether.machines.adapters.local.provider import LocalProvider

__all__ = ["LocalProvider"]
