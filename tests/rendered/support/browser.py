"""A headless Chromium, driven by the DevTools protocol over two pipes."""

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

COMMAND = "chromium"
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # the page is ours, and containers rarely allow a sandbox
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--window-size=1280,1600",
    "--remote-debugging-pipe",
)
TIMEOUT_SECONDS = 30
POLL_SECONDS = 0.05


class Page:
    """One tab, and what it asked for and complained about."""

    def __init__(self, commands: int, events: BinaryIO) -> None:
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self._commands = commands
        self._events = events
        self._numbers = count(1)
        self._session: dict[str, str] = {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": parameters} | self._session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while True:
            message = self._next()
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        """Waits until the element is there."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            text = self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText")
            if text is not None:
                return str(text)
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"{selector} did not appear; complaints: {self.complaints}")

    def click(self, selector: str) -> None:
        self.text(selector)
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def type(self, selector: str, text: str) -> None:
        self.text(selector)
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.call("Input.insertText", text=text)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def _next(self) -> dict[str, Any]:
        buffer = bytearray()
        while not buffer.endswith(b"\0"):
            byte = self._events.read(1)
            if not byte:
                raise RuntimeError("the browser has gone")
            buffer += byte
        message: dict[str, Any] = json.loads(buffer[:-1])
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, facts: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requested.append(facts["request"]["url"])
        elif event == "Log.entryAdded" and facts["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(facts["entry"]["text"])
        elif event == "Runtime.consoleAPICalled" and facts["type"] in {"error", "assert"}:
            self.complaints.append(str(facts["args"]))
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(str(facts["exceptionDetails"]))


@contextmanager
def page(directory: Path) -> Iterator[Page]:
    """`directory` keeps the profile."""
    command_reader, commands = os.pipe()
    events, event_writer = os.pipe()

    def as_the_protocol_asks() -> None:
        reader, writer = os.dup(command_reader), os.dup(event_writer)
        os.dup2(reader, 3)
        os.dup2(writer, 4)

    browser = subprocess.Popen(
        [COMMAND, *OPTIONS, f"--user-data-dir={directory}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(3, 4),
        preexec_fn=as_the_protocol_asks,
    )
    os.close(command_reader)
    os.close(event_writer)
    opened = os.fdopen(events, "rb")
    try:
        yield Page(commands, opened)
    finally:
        browser.kill()
        browser.wait(TIMEOUT_SECONDS)
        os.close(commands)
        opened.close()
