"""What the services say to each other: facts (events), orders (commands) and the ids in them.

Imports pydantic and nothing else, so that anything may import it."""
