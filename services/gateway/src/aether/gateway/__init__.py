"""The front door: accounts, people, sign-in sessions, tokens, REST, server-sent events and grants."""
