"""Rules of the front door: who is let in, what a good password is, how often one may try. Pure."""
