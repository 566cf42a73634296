"""All of the SQL."""
