"""Things that no visit to the page may do, in any test."""

from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response, WebError

# The browser's own line for every answer that is an error; the answers are looked at themselves.
_OF_THE_BROWSER: Final = "Failed to load resource"
# Runs before any script of the page: what the policy forbade is written where errors are read.
_REPORT_VIOLATIONS: Final = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`forbidden by the policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""


class Watch:
    """Watches a context from its start; ``trouble`` says that failing answers are planned."""

    def __init__(self, context: BrowserContext, key: str, *, trouble: bool) -> None:
        self.requests: list[Request] = []
        self._context = context
        self._key = key
        self._trouble = trouble
        self._complaints: list[str] = []
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._heed_line)
        context.on("request", self._heed_request)
        context.on("response", self._heed_answer)
        context.on("weberror", self._heed_error)

    def asked(self) -> list[str]:
        """Return the path and query of each request for data so far, oldest first."""
        targets = [urlsplit(request.url) for request in self.requests]
        return [
            f"{target.path}?{target.query}".rstrip("?")
            for target in targets
            if target.path.startswith("/api/v1/")
        ]

    def check(self) -> None:
        """Assert that nothing forbidden happened."""
        # What is still on its way has arrived once the window has answered.
        kept = [page.evaluate("Object.keys(localStorage)") for page in self._context.pages]
        complaints, self._complaints = self._complaints, []
        assert complaints == []
        urls = [request.url for request in self.requests] + [p.url for p in self._context.pages]
        assert [url for url in urls if not _stays_here(url)] == []
        assert [url for url in urls if self._key in url] == []
        assert [key for keys in kept for key in keys] == []
        assert self._context.cookies() == []

    def _heed_request(self, request: Request) -> None:
        self.requests.append(request)

    def _heed_line(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_OF_THE_BROWSER):
            self._complaints.append(f"{message.type}: {message.text}")

    def _heed_answer(self, response: Response) -> None:
        if response.status >= 400 and not self._trouble:
            self._complaints.append(f"{response.status}: {response.url}")

    def _heed_error(self, error: WebError) -> None:
        self._complaints.append(f"not caught: {error.error}")


def _stays_here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.hostname == "127.0.0.1" or parts.scheme in {"about", "blob", "data"}
