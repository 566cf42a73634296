"""All of the SQL of the files service."""
