"""The only place with SQL: projects and their parts, the authority's key, and who works on what."""
