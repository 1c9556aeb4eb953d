"""Grafana's dashboards, built with grafana-foundation-sdk: written to grafana/dashboards/*.json by tools.generate."""
