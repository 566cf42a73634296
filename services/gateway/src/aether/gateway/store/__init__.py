"""All of the gateway's SQL, one file for each thing that is kept."""
