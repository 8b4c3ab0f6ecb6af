"""Debian's Chromium without a window, led by its DevTools protocol over a pair
of pipes: JSON that ends with NUL."""

import asyncio
import fcntl
import itertools
import json
import os
import tempfile

from servers import Server


class ScriptError(Exception):
    """What a script in the page threw."""


class Browser(Server):
    name, binary = "chromium", "chromium"

    def __init__(self, folder):
        super().__init__(folder)
        self.ids, self.answers = itertools.count(1), {}
        self.console = []
        self.page = self.reader = None
        self.profile = tempfile.mkdtemp(dir=self.folder)

    def command(self):
        flags = [
            "--headless=new", "--remote-debugging-pipe", "--disable-gpu",
            "--disable-dev-shm-usage", "--disable-background-networking",
            "--disable-component-update", "--disable-default-apps",
            "--disable-extensions", "--disable-sync", "--no-first-run",
            "--mute-audio", "--password-store=basic", "--lang=en",
            "--window-size=1200,900", "--user-data-dir=" + self.profile,
            # It has no business anywhere else.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # which it refuses to have for root
        return [self.binary, *flags, "about:blank"]

    async def open(self, url):
        """Starts it, with this one page."""
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20)
                for fd in (theirs_in, theirs_out)]

        def as_it_expects():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
        self.run(self.command(), {"HOME": self.folder, "TMPDIR": self.folder},
                 pass_fds=(3, 4), preexec_fn=as_it_expects)
        for fd in (theirs_in, theirs_out, *high):
            os.close(fd)
        loop = asyncio.get_running_loop()
        stream = asyncio.StreamReader(limit=1 << 26)
        self.incoming, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), open(ours_in, "rb"))
        self.outgoing, _ = await loop.connect_write_pipe(
            asyncio.BaseProtocol, open(ours_out, "wb"))
        self.reader = asyncio.ensure_future(self._read(stream))
        target = await self.ask("Target.createTarget", url="about:blank")
        session = await self.ask("Target.attachToTarget", flatten=True,
                                 targetId=target["targetId"])
        self.page = session["sessionId"]
        await self.ask("Runtime.enable")
        await self.ask("Page.enable")
        await self.ask("Page.navigate", url=url)
        return self

    async def close(self):
        if not self.process:
            return
        if self.reader:
            try:
                await self.ask("Browser.close", timeout=5)
            except (OSError, EOFError, asyncio.TimeoutError):
                pass  # it is gone or won't go
            self.reader.cancel()
            self.incoming.close()
            self.outgoing.close()
        await asyncio.get_running_loop().run_in_executor(None, self.stop)

    async def ask(self, method, timeout=60, **params):
        ident = next(self.ids)
        answer = asyncio.get_running_loop().create_future()
        self.answers[ident] = answer
        message = {"id": ident, "method": method, "params": params}
        if self.page and not method.startswith("Browser."):
            message["sessionId"] = self.page
        self.outgoing.write(json.dumps(message).encode() + b"\0")
        return await asyncio.wait_for(answer, timeout)

    async def _read(self, stream):
        try:
            while True:
                self._took(json.loads((await stream.readuntil(b"\0"))[:-1]))
        except asyncio.IncompleteReadError:
            for answer in self.answers.values():
                if not answer.done():
                    answer.set_exception(EOFError("Chromium has gone"))

    def _took(self, message):
        answer = self.answers.pop(message.get("id"), None)
        if answer and not answer.done():
            if "error" in message:
                answer.set_exception(ScriptError(message["error"]["message"]))
            else:
                answer.set_result(message["result"])
        elif message.get("method") == "Runtime.consoleAPICalled":
            self.console.append(" ".join(
                str(a.get("value", a.get("description", a["type"])))
                for a in message["params"]["args"]))
        elif message.get("method") == "Runtime.exceptionThrown":
            details = message["params"]["exceptionDetails"]
            self.console.append("exception: " + details.get(
                "exception", {}).get("description", details["text"]))

    async def script(self, expression):
        """The value of a script, waited for if it is a promise."""
        done = await self.ask("Runtime.evaluate", expression=expression,
                              awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            details = done["exceptionDetails"]
            raise ScriptError(details.get("exception", {}).get(
                "description", details["text"]))
        return done["result"].get("value")

    async def wait(self, expression, timeout=40, what=None):
        """Waits until a script's value is true, and gives it."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while not (value := await self.script(expression)):
            if loop.time() > end:
                raise AssertionError("waited %g s for %s; the page shows:\n%s"
                                     "\nits console:\n%s" % (
                    timeout, what or expression, await self.script(
                        "document.body.innerText"),
                    "\n".join(self.console[-20:])))
            await asyncio.sleep(0.05)
        return value

    async def type(self, selector, text):
        """Types into an element, as a person does, and presses Enter."""
        await self.wait("(() => { const e = document.querySelector(%s);"
                        "e?.focus(); return e && document.activeElement === e;"
                        "})()" % json.dumps(selector))
        await self.ask("Input.insertText", text=text)
        for kind in ("keyDown", "keyUp"):
            await self.ask("Input.dispatchKeyEvent", type=kind, key="Enter",
                           code="Enter", text="\r" if kind == "keyDown" else "",
                           windowsVirtualKeyCode=13)
