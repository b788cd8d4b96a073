"""Text from logs stays text, whatever it says."""

import time

import httpx
from playwright.sync_api import expect

from .reader import Reader

SCRIPT = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
LINES = [
    SCRIPT,
    f'{{"message":{SCRIPT!r},"<b>key</b>":"javascript:alert(1)"}}'.replace("'", '"').replace('=""', ""),
    f"\x1b[31m{SCRIPT}\x1b[0m\n{SCRIPT}",
    f'level=error msg="{SCRIPT}" trace_id="javascript:alert(1)"',
]


def test_hostile_lines_labels_and_fields(reader: Reader) -> None:
    now = time.time_ns()
    values = [[str(now + at), line, {"trace_id": SCRIPT}] for at, line in enumerate(LINES)]
    body = {"streams": [{"stream": {"app": "hostile", "title": SCRIPT}, "values": values}]}
    assert httpx.post(f"{reader.url}/loki/api/v1/push", json=body).status_code == 204
    reader.explore('{app="hostile"}')
    expect(reader.lines).to_have_count(len(LINES))
    for name in ("Raw", "Pretty JSON", "Readable"):
        reader.click(name)
        expect(reader.page.get_by_text("onerror").first).to_be_visible()
    for index in range(len(LINES)):
        reader.lines.nth(index).click()
    side = reader.page.get_by_label("Labels and fields")
    side.locator(".field-name", has_text="title").first.click()
    expect(side.get_by_text("onerror").first).to_be_visible()
    reader.click("Patterns")
    expect(reader.page.locator(".patterns tbody tr").first).to_be_visible()
    assert reader.page.locator("img, script:not([type=module]), a[href^=javascript]").count() == 0
    assert reader.page.title() == '{app="hostile"} · Logs · Sigyn'


def test_hostile_dashboards(reader: Reader) -> None:
    panel = {
        "type": "text",
        "title": SCRIPT,
        "options": {"content": SCRIPT},
        "links": [{"title": "go", "url": "javascript:document.title='owned'"}, {"title": "fine", "url": "/d/errors"}],
    }
    dashboard = {"uid": "hostile", "title": SCRIPT, "panels": [panel]}
    assert httpx.post(f"{reader.url}/sigyn/api/v1/dashboards", json=dashboard).status_code == 200
    reader.open("dashboards", uid="hostile")
    expect(reader.page.locator(".text-panel")).to_contain_text("onerror")
    expect(reader.page.locator(".panel-link")).to_have_count(1)
    assert reader.page.locator("main img").count() == 0
    httpx.delete(f"{reader.url}/sigyn/api/v1/dashboards/hostile")
