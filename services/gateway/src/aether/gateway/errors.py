"""What the gateway refuses.

Refusal
├── SignInNeeded           401  no credential, or none that is good
├── WrongCredentials       401  e-mail and password do not belong together
├── OriginRefused          403  the request came from a page that is not ours
├── CrossSite              403  another site's page asks a preview in a person's name
├── CookieNeeded           403  the browser does not keep a preview's cookie
├── SessionNeeded          403  a token cannot do this; a signed-in person can
├── OperatorNeeded         403  for this computer, or with the metrics token
├── EmailTaken             409  there is an account with that e-mail
├── GitHubRefusal          409  what goes wrong on the way through GitHub, each with a slug of its own
│   ├── GitHubStateUnknown      the way back does not belong to a way there from this browser
│   ├── GitHubDenied            the person, or GitHub, said no
│   ├── GitHubCodeRefused       the code was used before, or is not for us
│   ├── GitHubEmailUnverified   the account has no primary address that it has proven
│   ├── GitHubEmailTaken        another account has that address
│   ├── GitHubTaken             that GitHub account is another person's here
│   ├── GitHubLinkedAlready     another GitHub account is linked
│   ├── GitHubNotLinked         none is
│   ├── GitHubLost              GitHub takes our token no more
│   └── GitHubOnlyWayIn         without it the person could not sign in
├── GitHubOff              404  this aether has no GitHub app
├── ExternalOff            404  this aether trusts no other issuer
├── ExternalRefused        401  a token of the issuer's that is not good here
├── TooLarge               413  more bytes than a request may have
├── TooManyRequests        429  wait, and try again
├── TooManyStreams         429  enough event streams are open
├── NothingListens         502  no program in the machine listens on that port
├── NoAnswer               502  the app broke off, or said what is not HTTP
├── ProjectStopped         503  the project's machine does not run, and a visit does not start it
├── ProjectStarting        503  the machine is on its way
├── PreviewMissing         404  no preview has that address
├── NotFound (contracts)   404
├── Invalid (contracts)    422
└── Unavailable (contracts) 503
    └── GitHubAway              GitHub does not answer, or wants us to wait
"""

from aether.contracts.problem import FieldError, NotFound, Refusal, Unavailable


class SignInNeeded(Refusal):
    status = 401
    type = "sign-in-needed"
    title = "Sign in first"


class WrongCredentials(Refusal):
    status = 401
    type = "wrong-credentials"
    title = "That e-mail and password do not belong together"


class OriginRefused(Refusal):
    """The Origin header is missing or not on the list. Which of these is told, the list is not."""

    status = 403
    type = "origin-refused"
    title = "This request did not come from the aether web app"


class SessionNeeded(Refusal):
    status = 403
    type = "session-needed"
    title = "A token cannot do this; sign in with e-mail and password"


class OperatorNeeded(Refusal):
    status = 403
    type = "operator-needed"
    title = "Only whoever runs aether may see this"


class EmailTaken(Refusal):
    status = 409
    type = "email-taken"
    title = "There is an account with that e-mail address"

    def __init__(self) -> None:
        super().__init__(
            "Sign in instead, or use another address.", errors=[FieldError(field="email", message=self.title)]
        )


class GitHubRefusal(Refusal):
    """The pages know each by its `type`: a browser that comes back from GitHub is shown no JSON."""

    status = 409
    type = "github-refused"
    title = "GitHub could not be used"


class GitHubStateUnknown(GitHubRefusal):
    type = "github-state"
    title = "That way back from GitHub is over; begin anew"


class GitHubDenied(GitHubRefusal):
    type = "github-denied"
    title = "GitHub was not allowed to tell us who you are"


class GitHubCodeRefused(GitHubRefusal):
    type = "github-code"
    title = "GitHub did not take its own code back; begin anew"


class GitHubEmailUnverified(GitHubRefusal):
    type = "github-email-unverified"
    title = "Your primary e-mail address at GitHub is not verified"


class GitHubEmailTaken(GitHubRefusal):
    """An account is not taken over because GitHub knows the same address."""

    type = "github-email-taken"
    title = "There is an account with that e-mail address; sign in to it, then link GitHub"


class GitHubTaken(GitHubRefusal):
    type = "github-taken"
    title = "That GitHub account is linked to another account here"


class GitHubLinkedAlready(GitHubRefusal):
    type = "github-linked-already"
    title = "Another GitHub account is linked; unlink that one first"


class GitHubNotLinked(GitHubRefusal):
    type = "github-not-linked"
    title = "No GitHub account is linked"


class GitHubLost(GitHubRefusal):
    type = "github-lost"
    title = "GitHub takes our permission no more; link it again"


class GitHubOnlyWayIn(GitHubRefusal):
    type = "github-only-way-in"
    title = "GitHub is your only way to sign in; set a password first"


class GitHubOff(NotFound):
    type = "github-off"
    title = "GitHub is not set up here"


class GitHubAway(Unavailable):
    type = "github-away"
    title = "GitHub does not answer; try again in a moment"


class ExternalOff(NotFound):
    type = "external-off"
    title = "Signing in with another issuer's token is not set up here"


class ExternalRefused(Refusal):
    """Which of the checks failed is told to whoever runs aether, in the log, not to who shows the token."""

    status = 401
    type = "external-refused"
    title = "That token is not good here"


class TooLarge(Refusal):
    status = 413
    type = "too-large"
    title = "The request is too large"


class TooManyRequests(Refusal):
    """`retry_after` is in whole seconds, at least one."""

    status = 429
    type = "too-many-requests"
    title = "Too many attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Try again in {retry_after} s.")
        self.retry_after = retry_after


class TooManyStreams(Refusal):
    status = 429
    type = "too-many-streams"
    title = "This account has enough event streams open"


class CrossSite(Refusal):
    """Refused although a cookie came along: the request was made by a page of another site."""

    status = 403
    type = "cross-site"
    title = "Another site's page may not use this preview in your name"


class CookieNeeded(Refusal):
    status = 403
    type = "cookie-needed"
    title = "This browser keeps no cookie for the preview"


class PreviewMissing(Refusal):
    """Malformed, unknown and foreign addresses are the same."""

    status = 404
    type = "not-found"
    title = "There is no such preview"


class NothingListens(Refusal):
    status = 502
    type = "nothing-listens"
    title = "Nothing listens here yet"


class NoAnswer(Refusal):
    status = 502
    type = "no-answer"
    title = "The app did not answer"


class ProjectStopped(Refusal):
    status = 503
    type = "project-stopped"
    title = "This project is stopped"


class ProjectStarting(Refusal):
    status = 503
    type = "project-starting"
    title = "This project is starting"
