"""The alerting rules, and what they say in two languages: written to prometheus/rules/alerts.yml by tools.generate.

One place for every alert, because four annotations of each name the task in the same words.
"""
