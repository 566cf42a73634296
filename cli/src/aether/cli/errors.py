"""Why the command refuses: what a person is told in a sentence, instead of being shown a traceback."""


class CannotRun(Exception):
    """Aether cannot be run like this. Each kind says why, and what would help, beside what it belongs to."""
