"""A project as its owner sees it."""

from datetime import datetime

from aether.contracts.machines import ProjectView
from aether.machines.domain.project import Project
from aether.machines.domain.sizes import limits_view


def project_view(project: Project, now: datetime) -> ProjectView:
    """As its owner sees it at this moment."""
    reasons = project.activity.reasons(project.idle_minutes, now) if project.status == "running" else []
    return ProjectView(
        id=project.id,
        account_id=project.account_id,
        name=project.name,
        slug=project.slug,
        status=project.status,
        status_detail=project.status_detail,
        repo_url=project.repo_url,
        branch=project.branch,
        provider=project.provider,
        size=project.size,
        idle_minutes=project.idle_minutes,
        recording=project.recording,
        machine=project.machine.view() if project.machine else None,
        awake_because=reasons,
        stops_at=reasons[0].until if reasons else None,
        clone=project.clone.view(),
        limits=limits_view(project.size),
        version=project.version,
        created_at=project.created_at,
        updated_at=project.updated_at,
    )
