"""The alerting rules and the messages made of them, in two languages: written to prometheus/ by tools.generate.

One place for every alert, because four annotations of each name the task in the same words.
"""
