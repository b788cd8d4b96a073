"""Sigyn: a log and observability store that speaks Loki's protocols and answers LogQL."""
