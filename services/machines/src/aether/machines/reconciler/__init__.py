"""What drives the observed towards the desired: intents, clones, and a watch over what runs."""
