"""What the test classes share: servers per class, users per test."""

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
import unittest

import servers
from servers import Ejabberd, Kamailio, Prosody, Stoxd, temp_folder
from sipmsrp import SipUser, until
from xmppuser import XmppUser, body

USERS = ("romeo", "juliet", "nurse", "tybalt")

logging.getLogger("slixmpp").setLevel(logging.CRITICAL)
logging.getLogger("asyncio").setLevel(logging.CRITICAL)

__all__ = ["Bed", "Alone", "XmppBed", "USERS", "until", "SipUser", "XmppUser", "Prosody",
           "Ejabberd", "Kamailio", "Stoxd", "servers", "main"]


class Bed(unittest.IsolatedAsyncioTestCase):
    """Starts what `set_up_servers` names once per class, shows the servers'
    last lines when a test fails, and fails when stoxd's sanitizers spoke."""

    rooms = 0

    @classmethod
    def setUpClass(cls):
        if not Stoxd.available():
            raise unittest.SkipTest("no " + Stoxd.program())
        cls.folder = temp_folder(cls.__name__)
        cls.servers, cls.failed = [], False
        try:
            cls.set_up_servers()
        except BaseException:
            cls.failed = True
            cls._end()
            raise

    @classmethod
    def set_up_servers(cls):
        cls.stoxd = cls.start(Stoxd(cls.folder))

    @classmethod
    def start(cls, server, *args):
        cls.servers.append(server)
        return server.start(*args)

    @classmethod
    def need(cls, *kinds):
        for kind in kinds:
            if not kind.available():
                raise unittest.SkipTest("no %s here" % kind.binary)

    @classmethod
    def tearDownClass(cls):
        wrong = cls._end()
        if wrong:
            raise AssertionError(wrong)

    @classmethod
    def _end(cls):
        """Stops the servers; what was wrong with stoxd's end, if anything."""
        wrong = None
        for server in reversed(cls.servers):
            code = server.stop()
            if isinstance(server, Stoxd) and code not in (0, None):
                wrong = "stoxd ended with %d" % code
        started = [s for s in cls.servers if s.runs]
        for server in started:
            report = isinstance(server, Stoxd) and server.sanitizer_report()
            if report:
                wrong = "sanitizer report of stoxd:\n" + report
        if cls.failed or wrong:
            for server in started:
                print("--- %s: %s\n%s" % (server.name, server.output,
                                           server.tail()), file=sys.stderr)
        elif not os.environ.get("STOX_KEEP"):
            shutil.rmtree(cls.folder, ignore_errors=True)
        return wrong

    async def asyncSetUp(self):
        self.sip_users, self.xmpp_users = [], []
        self.allow_violations = False
        Bed.rooms += 1
        self.room_name = "r%d" % Bed.rooms
        self.room = self.room_name + "@chat.test"
        self.uri = "sip:" + self.room

    async def asyncTearDown(self):
        await asyncio.gather(*(u.logout() for u in self.xmpp_users),
                             return_exceptions=True)
        for user in self.sip_users:
            for call in list(user.calls.values()):
                if not call.ended:
                    try:
                        await asyncio.wait_for(user.leave(call.room), 3)
                    except Exception:
                        pass  # the test may have broken this dialog on purpose
            user.close()
        await asyncio.sleep(0)
        wrong = [v for u in self.sip_users for v in u.violations]
        if wrong and not self.allow_violations:
            self.fail("against the RFCs: " + "; ".join(wrong[:5]))

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).failed = True
        return result

    async def sip(self, name, **kw):
        kw.setdefault("proxy", getattr(self, "proxy", None) or self.stoxd.proxy)
        user = SipUser(name, **kw)
        await user.start()
        self.sip_users.append(user)
        return user

    async def sip_in(self, name, nick=None, room=None, listen=False, **kw):
        """A SIP user who has joined this test's room and subscribed."""
        user = await self.sip(name, **kw)
        if listen:
            await user.listen()
        await user.join(room or self.uri, nick)
        return user

    async def kill_sip(self):
        """kill -9, then wait for the successor."""
        old = self.stoxd.sip_process()
        self.assertIsNotNone(old, "no SIP process")
        os.kill(old, signal.SIGKILL)

        def new():
            pid = self.stoxd.sip_process()
            return pid if pid and pid != old else None
        await until(new, 10, "a new SIP process")
        await until(self.listening, 10, "its listener")

    def listening(self):
        try:
            for port in (self.stoxd.sip, self.stoxd.sips):
                socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    async def heard(self, user, text, timeout=10):
        """The one message with this text at a SIP user."""
        await until(lambda: text in user.call.texts(), timeout,
                    lambda: "%r at %s, who has %s" % (
                        text, user.name, user.call.heard[-5:]))
        return next(h for h in user.call.chat if h.text == text)

    async def agree(self, names, xmpp=(), sip=(), timeout=10):
        """Every roster, of both kinds, shows exactly these nicknames."""
        want = sorted(names)
        for user in xmpp:
            await until(lambda: user.names(self.room) == want, timeout,
                        lambda: "%s sees %s, not %s" % (
                            user.name, user.names(self.room), want))
        for user in sip:
            await until(lambda: user.roster.names() == want and
                        user.roster.user_count in (None, len(want)), timeout,
                        lambda: "%s sees %s of %s, not %s" % (
                            user.name, user.roster.names(),
                            user.roster.user_count, want))


class Alone(unittest.TestCase):
    """One stoxd for each test, which starts it; its folder goes when the test
    has passed."""

    folder = None

    def setUp(self):
        if not Stoxd.available():
            raise unittest.SkipTest("no " + Stoxd.program())
        self.folder = temp_folder(type(self).__name__)
        self.stoxd = Stoxd(self.folder)

    def tearDown(self):
        self.stoxd.stop(signal.SIGKILL)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        passed = len(result.failures) + len(result.errors) == before
        if passed and self.folder and not os.environ.get("STOX_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
        return result


class XmppBed(Bed):
    """A Bed with an XMPP server that stoxd is attached to."""

    server_class, stoxd_class = Prosody, Stoxd

    @classmethod
    def set_up_servers(cls):
        cls.need(cls.server_class)
        cls.server = cls.start(cls.server_class(cls.folder, USERS,
                                                Stoxd.SECRETS))
        cls.stoxd = cls.start(cls.stoxd_class(cls.folder,
                                              cls.server.component))
        asyncio.run(cls.wait_component())

    @classmethod
    async def wait_component(cls, timeout=90):
        """Waits until every domain of stoxd answers through the server."""
        user = await XmppUser("romeo", ("127.0.0.1", cls.server.c2s),
                              resource="probe").login()
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        for domain in Stoxd.DOMAINS:
            while (await user.disco(domain)).get("type") != "result":
                if loop.time() > end:
                    raise servers.ServerError("no component " + domain)
                await asyncio.sleep(0.1)
        await user.logout()

    async def xmpp(self, name, resource="r"):
        user = XmppUser(name, ("127.0.0.1", self.server.c2s), resource=resource)
        await user.login()
        self.xmpp_users.append(user)
        return user

    async def xmpp_in(self, name, nick=None, room=None, **kw):
        """An XMPP user who has joined this test's room."""
        user = await self.xmpp(name)
        await user.join(room or self.room, nick, **kw)
        return user

    async def read(self, user, text, timeout=10, room=None):
        """The one groupchat message with this text at an XMPP user."""
        room = room or self.room
        await until(lambda: text in user.texts(room), timeout,
                    lambda: "%r at %s, who has %s" % (
                        text, user.name, user.texts(room)[-5:]))
        return next(m for m in user.chat(room) if body(m) == text)


def main():
    unittest.main(verbosity=2)
