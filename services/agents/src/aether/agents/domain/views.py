"""Runs and agents as they are shown."""

from datetime import datetime

from aether.agents.domain.launch import Agent
from aether.agents.domain.price import cents
from aether.agents.domain.run import Question, Run
from aether.contracts.agents import CatalogEntry, QuestionOption, QuestionView, RunView


def run_view(run: Run, now: datetime, cents_per_minute: float) -> RunView:
    """As its person sees it at this moment."""
    worked = run.worked_until(now)
    return RunView(
        id=run.id,
        account_id=run.account_id,
        project_id=run.project_id,
        person_id=run.person_id,
        agent=run.agent,
        agent_title=run.agent_title,
        name=run.name,
        prompt=run.prompt,
        command=run.command,
        state=run.state,
        detail=run.detail,
        reason=run.reason,
        limited_until=run.limited_until,
        doing=run.doing,
        question=None if run.question is None else question_view(run.question),
        last_message=run.last_message,
        since=run.since,
        terminal_id=run.terminal_id,
        restarts=run.restarts,
        working_seconds=int(worked),
        cost_cents=cents(worked, cents_per_minute),
        input_tokens=run.input_tokens,
        output_tokens=run.output_tokens,
        version=run.version,
        created_at=run.created_at,
        ended_at=run.ended_at,
        dismissed=run.dismissed_at is not None,
    )


def question_view(question: Question) -> QuestionView:
    return QuestionView(
        id=question.id,
        kind=question.kind,
        text=question.text,
        options=[QuestionOption(id=option.id, label=option.label) for option in question.options],
        asked_at=question.asked_at,
    )


def catalog_entry(agent: Agent, key_names: list[str]) -> CatalogEntry:
    return CatalogEntry(
        name=agent.name,
        title=agent.title,
        summary=agent.summary,
        homepage=agent.homepage,
        vendors=list(agent.vendors),
        key_names=key_names,
        takes_prompt=agent.takes_prompt,
        takes_command=agent.takes_command,
        resumes=agent.resumes,
        seen_version=agent.seen_version,
    )
