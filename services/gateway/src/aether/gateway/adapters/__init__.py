"""The outside world: mail, password hashing, Postgres notifications, and the services behind streams."""
