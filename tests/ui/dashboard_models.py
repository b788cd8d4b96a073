"""Dashboards in Grafana's JSON model, as people import them."""

from typing import Any

SEED = {
    "title": "Service Health - Metrics + Traces + Logs",
    "panels": [
        {
            "title": "Error Analysis",
            "type": "row",
            "panels": [
                {
                    "title": "Error Logs (Log)",
                    "type": "logs",
                    "targets": [{"expr": '{level="error"}', "refId": "A"}],
                    "fieldConfig": {
                        "defaults": {
                            "custom": {
                                "links": [
                                    {
                                        "title": "View Trace",
                                        "url": '/explore?left={"datasource":"Jaeger","queries":[{"queryType":"search",'
                                        '"query":{"traceID":"${trace_id}"}}]}',
                                    }
                                ]
                            }
                        }
                    },
                }
            ],
        },
        {
            "type": "logs",
            "title": "Trace Logs",
            "targets": [{"expr": '{service_name=~".+"} | trace_id="$trace_id"', "refId": "A"}],
            "options": {"showTime": True, "showLabels": ["service", "level"], "sortOrder": "Ascending"},
            "links": [{"title": "View in Jaeger", "url": "http://jaeger:16686/trace/${trace_id}", "targetBlank": True}],
        },
        {
            "type": "gauge",
            "title": "Lines",
            "targets": [{"expr": 'sum(count_over_time({service="ryot"}[5m]))', "instant": True}],
        },
    ],
    "templating": {"list": [{"name": "trace_id", "type": "textbox", "query": "", "current": {"value": ""}}]},
}
"""Panels as the seeds write them: snippets without places, links to Jaeger, `$trace_id`."""

MANY: dict[str, Any] = {
    "uid": "many",
    "title": "Many",
    "panels": [
        {
            "type": "table",
            "title": "Lines of $service",
            "gridPos": {"x": 0, "y": 0, "w": 24, "h": 8},
            "targets": [
                {"refId": "A", "expr": 'sum by (service) (count_over_time({service=~"$service"}[1h]))', "instant": True}
            ],
        },
        {
            "type": "text",
            "title": "What else",
            "gridPos": {"x": 0, "y": 8, "w": 12, "h": 4},
            "options": {"content": "kept"},
            "pluginVersion": "11.0.0",
        },
    ],
    "templating": {
        "list": [
            {
                "name": "service",
                "type": "query",
                "multi": True,
                "includeAll": True,
                "query": "label_values(service)",
                "current": {"value": ["ryot", "sigmavault"]},
            }
        ]
    },
}
"""A variable of several values, All among them, without an `allValue`."""

REPEATED: dict[str, Any] = {
    "uid": "repeated",
    "title": "Repeated",
    "panels": [
        {"type": "row", "title": "All of $service", "repeat": "service", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}},
        {
            "type": "stat",
            "title": "Lines of $service",
            "gridPos": {"x": 0, "y": 1, "w": 12, "h": 4},
            "targets": [{"refId": "A", "expr": 'sum(count_over_time({service="$service"}[1h]))', "instant": True}],
        },
        {
            "type": "text",
            "title": "Who",
            "gridPos": {"x": 12, "y": 1, "w": 12, "h": 4},
            "options": {"content": "asks for $service"},
        },
    ],
    "templating": {
        "list": [{"name": "service", "type": "custom", "query": "ryot,agents", "multi": True, "includeAll": True}]
    },
}
"""A row for each of several services, with panels that ask for one."""

MARKDOWN = """# About *${service}*

A **bold** word, ~~gone~~, `some code`, a [runbook](https://runbooks.example/a?b=1&amp;c=2) and [logs](#/logs).
The second line &lt;here&gt;, <https://auto.example>.

- one
- two
  1. three

- [x] done

| Level | Page |
|:------|-----:|
| error | yes<br>now |

```
a <b>block</b> **as it is**
```

> quoted

<img src="http://127.0.0.1:9/a.png" onerror="window.ran = 1"><script>window.ran = 1</script>

![a picture](http://127.0.0.1:9/b.png) [bad](javascript:window.ran=1) [worse](data:text/html,x)
"""
"""What text panels hold, and what they must not do."""
