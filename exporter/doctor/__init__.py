"""Tries each system and task of a configuration, and says in plain words what is wrong and whom to ask for what."""
