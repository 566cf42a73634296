"""What becomes of a run by what is reported of it.

Nothing here knows where a report came from but by its source. An agent's own word (hook, program) is believed
before what its terminal lets one guess (signal, screen); the broker knows of vendors what no agent says.
"""

from dataclasses import replace
from datetime import datetime

from aether.agents.domain.report import Asked, Report, Source
from aether.agents.domain.run import Question, Run
from aether.contracts.ids import QuestionId, new_id

OWN_WORD: frozenset[Source] = frozenset({"hook", "program"})
GUESSES: frozenset[Source] = frozenset({"signal", "screen"})
READY = "It is ready for your first words."
WAITS = "It waits for an answer."
BEHIND = 20


def guesses(run: Run) -> bool:
    """Whether its terminal is taken for its word: until it has said how far it is."""
    return not run.spoke or run.state == "starting"


def heard(run: Run, report: Report, now: datetime) -> Run:
    """After a report. Of a run that has ended nothing is heard, and of one without a machine only numbers."""
    if run.ended_at is not None:
        return run
    known = replace(
        run,
        session=report.session or run.session,
        input_tokens=run.input_tokens + report.tokens[0],
        output_tokens=run.output_tokens + report.tokens[1],
    )
    if run.wanted or (report.source in GUESSES and not _is_guessed(run, report)):
        return known
    if report.source == "broker":
        return _billed(known, report, now)
    if report.source in OWN_WORD:
        known = replace(known, spoke=True, launched=True)
        known = known.taken_up() if _is_talk(report) else known
    known = replace(
        known, doing=report.doing or known.doing, last_message=report.last_message or known.last_message
    )
    return _told(known, report, now)


def _is_guessed(run: Run, report: Report) -> bool:
    """A screen that changes while an agent with a voice of its own starts again has answered nothing."""
    return guesses(run) and (report.state == "waiting" or not (run.session and _is_in_words(run)))


def _billed(run: Run, report: Report, now: datetime) -> Run:
    """What the broker sees: a refused key, a far limit, or by a plain report that the vendor has answered."""
    if report.reason == "key_refused":
        detail = report.detail or "The key was refused."
        return run.into("failed", now, reason="key_refused", detail=detail, question=None, doing="")
    if report.reason == "limited":
        detail = report.detail or "It is limited."
        return replace(run, reason="limited", limited_until=report.limited_until, detail=detail)
    if run.reason == "key_refused" and run.state == "failed":
        return run.into("working", now)
    return run.unlimited() if run.reason == "limited" else run


def _is_talk(report: Report) -> bool:
    """Whether it has taken something up: that it is there, or waits without a word, says nothing of that."""
    return report.state in {"working", "stuck"} or report.asked is not None or bool(report.last_message)


def _told(run: Run, report: Report, now: datetime) -> Run:
    asked = report.asked
    if _is_readiness(report) and (run.state == "starting" or _is_in_words(run)):
        return _ready(run, now)
    if asked is not None and asked.key and asked.key == run.answered_key:
        return run
    # An agent that goes in circles says all the while that it works.
    if report.state == "working" and run.state != "stuck":
        run = _working(run, report, now)
    elif report.state == "done":
        run = _done(run, asked or Asked("message", report.last_message), now)
    elif report.state == "failed":
        run = _failed(run, report, now)
    elif report.state == "stuck":
        run = run.grown_stuck(report.detail, now)
    elif report.state == "waiting" or asked is not None:
        run = _waiting(run, asked, report, now)
    return run


def _is_in_words(run: Run) -> bool:
    return run.question is not None and run.question.in_words


def _ready(run: Run, now: datetime) -> Run:
    """The agent is there. Unless it was started with something to do, or has asked before, it waits to be told."""
    has_prompt = bool(run.first_words) or run.talked
    return run if has_prompt or _is_in_words(run) else _done(run, Asked("message", READY), now)


def _is_readiness(report: Report) -> bool:
    """An agent's own word that it is there: it says nothing of its state, or that it has nothing to do."""
    is_bare = report.state in {None, "done"} and report.asked is None and not report.last_message
    return report.source == "hook" and is_bare


def _working(run: Run, report: Report, now: datetime) -> Run:
    """It works. While a tool waits for a permission, others may be at work: what they say is not its answer."""
    question = run.question
    if question is None or not question.about or not report.about:
        return run.into("working", now, question=None, detail=run.detail if run.reason else "")
    if report.about == question.about:
        return run.settled(now)
    behind = tuple(each for each in question.behind if each.about != report.about)
    return replace(run, question=replace(question, behind=behind))


def _waiting(run: Run, asked: Asked | None, report: Report, now: datetime) -> Run:
    if asked is None:
        if run.question is not None:
            return run
        asked = Asked("question", report.last_message or report.detail or WAITS)
    if asked.kind == "message":
        return _done(run, asked, now)
    if run.state == "waiting" and run.question is not None:
        if _is_same(run.question, asked):
            return replace(run, question=_retold(run.question, asked))
        if run.question.about and asked.about:
            return replace(run, question=_behind(run.question, asked, now))
    return run.into("waiting", now, question=_question(asked, now), since=now)


def _behind(question: Question, asked: Asked, now: datetime) -> Question:
    """One asked while another is open: its dialog comes when that is answered."""
    if len(question.behind) >= BEHIND or any(_is_same(each, asked) for each in question.behind):
        return question
    return replace(question, behind=(*question.behind, _question(asked, now)))


def _done(run: Run, asked: Asked, now: datetime) -> Run:
    """The end of a turn is told by several sources, of which some know the last words and some do not."""
    if run.state == "done" and run.question is not None:
        return replace(run, question=_retold(run.question, asked))
    return run.into("done", now, question=_question(replace(asked, kind="message"), now), doing="")


def _failed(run: Run, report: Report, now: datetime) -> Run:
    """A turn has failed; the agent is still there. What the broker said of the reason is better known there."""
    reason = run.reason if run.reason in {"limited", "key_refused"} else report.reason
    detail = (run.detail if run.reason else "") or report.detail or report.last_message
    until = report.limited_until or run.limited_until
    return run.into("failed", now, question=None, doing="", reason=reason, detail=detail, limited_until=until)


def _question(asked: Asked, now: datetime) -> Question:
    return Question(
        id=QuestionId(new_id()),
        kind=asked.kind,
        text=asked.text,
        asked_at=now,
        options=asked.options,
        key=asked.key,
        before=asked.before,
        about=asked.about,
        shown=asked.shown,
    )


def _is_same(question: Question, asked: Asked) -> bool:
    """By the agent's own name for it where it has one; else by what it says."""
    if question.key and asked.key:
        return question.key == asked.key
    return question.kind == asked.kind and question.text == asked.text


def _retold(question: Question, asked: Asked) -> Question:
    """The same question, with what this source knows better."""
    return replace(
        question,
        text=asked.text or question.text,
        options=asked.options or question.options,
        key=asked.key or question.key,
        before=asked.before or question.before,
        about=asked.about or question.about,
        shown=asked.shown or question.shown,
    )
