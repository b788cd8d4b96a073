"""Dashboards in Grafana's JSON model: those that come with Sigyn, and those that people save."""
