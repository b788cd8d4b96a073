"""Who is told of alerts: Alertmanagers, webhooks, Slack, mail."""
