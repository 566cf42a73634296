"""The front door: accounts, sign-in, projects over REST, server-sent events, and the way to every stream.

The only service the public reaches. It keeps people and their credentials; of projects and terminals it
keeps nothing and asks their services."""
