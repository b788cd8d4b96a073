"""What a person does with the page, in their words."""

from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import parse_qs, urlencode

from playwright.sync_api import Locator, Page, expect

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Reader:
    """A person in front of the page of a server."""

    page: Page
    url: str

    def open(self, view: str, **parameters: str) -> None:
        """Goes to a view as a shared link does."""
        self.page.goto("about:blank")
        self.page.goto(
            f"{self.url}/#/{view}?{urlencode({name.rstrip('_'): value for name, value in parameters.items()})}"
        )

    def explore(self, query: str, **parameters: str) -> None:
        """Opens a query and waits for lines."""
        self.open("logs", q=query, **parameters)
        expect(self.lines.first).to_be_visible()
        self.wait_for_answer()

    def wait_for_answer(self) -> None:
        """Waits until the lines are those of the newest question."""
        expect(self.page.locator(".log-list").first).to_have_attribute("aria-busy", "false")

    def scroll_to_the_end(self) -> None:
        """Scrolls to the last of the lines that are loaded now; more may come then."""
        self.page.locator(".log-list").first.evaluate("list => list.scrollTo(0, list.scrollHeight)")

    def write(self, query: str) -> None:
        """Writes a query in place of the one that is there, and runs it."""
        self.type(query)
        self.page.keyboard.press("Escape")  # leaves the editor, or the completion
        self.click("Run")

    def type(self, query: str) -> None:
        """Writes a query in place of the one that is there."""
        self.editor.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(query)

    def click(self, name: str) -> None:
        """Clicks the button of this name."""
        self.button(name).click()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def editor(self) -> Locator:
        return self.page.locator(".cm-content").first

    @property
    def lines(self) -> Locator:
        return self.page.locator(".log-list .log-row")

    @property
    def details(self) -> Locator:
        return self.page.locator(".line-details").first

    @property
    def state(self) -> dict[str, str]:
        """The parameters in the address."""
        _, _, parameters = self.page.evaluate("location.hash").partition("?")
        return {name: values[0] for name, values in parse_qs(parameters).items()}

    def expect_query(self, query: str) -> None:
        """Waits for the editor and the address to hold this query."""
        expect(self.editor).to_have_text(query)
        self.page.wait_for_function(
            "query => new URLSearchParams(location.hash.split('?')[1]).get('q') === query", arg=query
        )

    def serious_faults(self) -> list[tuple[str, str, str]]:
        """What axe finds serious or worse in what is shown, in the light theme and in the dark one."""
        self.page.evaluate(AXE)
        return [fault for theme in ("Light", "Dark") for fault in self._faults_in(theme)]

    def _faults_in(self, theme: str) -> list[tuple[str, str, str]]:
        self.page.evaluate("theme => document.documentElement.setAttribute('data-theme', theme)", theme.lower())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            (each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
