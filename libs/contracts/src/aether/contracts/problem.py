"""A refusal, as it travels: RFC 9457 problem details, and the exception that carries one."""

from pydantic import BaseModel, ConfigDict


class FieldError(BaseModel):
    """What is wrong with one field of a form; `field` is the name in the request's JSON."""

    model_config = ConfigDict(frozen=True)

    field: str
    message: str


class Problem(BaseModel):
    """RFC 9457. `type` is a stable slug, `detail` a sentence for the person, never a traceback."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[FieldError] = []
    trace_id: str | None = None


class Refusal(Exception):
    """The root of every service's tree of refusals: a sentence and a status.

    Subclasses set `status`, `type` and `title`; the constructor takes the sentence that is shown.
    """

    status: int = 400
    type: str = "bad-request"
    title: str = "That request cannot be carried out"

    def __init__(self, detail: str = "", *, errors: list[FieldError] | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = errors or []

    def problem(self) -> Problem:
        return Problem(
            type=self.type, title=self.title, status=self.status, detail=self.detail, errors=self.errors
        )


class RefusedElsewhere(Refusal):
    """A refusal that another service made; it passes through unchanged."""

    def __init__(self, problem: Problem) -> None:
        self.status, self.type, self.title = problem.status, problem.type, problem.title
        super().__init__(problem.detail, errors=problem.errors)
        self._problem = problem

    @property
    def status_code(self) -> int:
        return self._problem.status

    def problem(self) -> Problem:
        return self._problem


class NotFound(Refusal):
    """Missing and foreign are the same answer, so that nobody learns what others have."""

    status = 404
    type = "not-found"
    title = "There is no such thing"


class Invalid(Refusal):
    status = 422
    type = "invalid"
    title = "Something in the request is not right"

    @classmethod
    def field(cls, field: str, message: str) -> "Invalid":
        return cls(message, errors=[FieldError(field=field, message=message)])


class Unavailable(Refusal):
    status = 503
    type = "unavailable"
    title = "A part of aether does not answer"
