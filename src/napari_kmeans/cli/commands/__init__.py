"""Commands: what the program does, a module each."""
