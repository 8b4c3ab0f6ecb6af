"""Pictures and files of SIP users, which XMPP users fetch by a link (CHAT-20,
BODY-24, RFC 5547)."""

import asyncio
import glob
import hashlib
import os
import random
import re
import signal
import time
import urllib.error
import urllib.request

from bed import USERS, Prosody, Stoxd, XmppBed, main, until
from servers import free_port
from sipmsrp import Refused

OOB = "{jabber:x:oob}"


def octets(n, seed=1):
    return random.Random(seed).randbytes(n)


def fetch(url, method="GET", headers=None):
    """(status, headers, octets)."""
    request = urllib.request.Request(url, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as r:
            return r.status, r.headers, r.read()
    except urllib.error.HTTPError as e:
        with e:
            return e.code, e.headers, e.read()


async def get(url, *args):
    return await asyncio.get_running_loop().run_in_executor(None, fetch, url,
                                                            *args)


class Files(XmppBed):
    @classmethod
    def set_up_servers(cls):
        cls.need(Prosody)
        cls.server = cls.start(Prosody(cls.folder, USERS, Stoxd.SECRETS))
        stoxd = Stoxd(cls.folder, cls.server.component)
        cls.http = free_port()
        with open(stoxd.config) as f:
            text = f.read()
        text = text.replace("\nmsrp {", "\nmsrp {\n max-message = 60000000", 1)
        stoxd.write("stoxd.conf", text + """
files {
 listen = "127.0.0.1:%d"
 base-url = "http://127.0.0.1:%d/files"
}
""" % (cls.http, cls.http))
        cls.stoxd = cls.start(stoxd)
        asyncio.run(cls.wait_component())

    def entity(self, user, content, ctype, name):
        return ("From: <%s>\r\nTo: <%s>\r\n\r\nContent-Type: %s\r\n"
                'Content-Disposition: attachment; filename="%s"\r\n\r\n'
                % (user.aor, self.uri, ctype, name)).encode() + content

    def links(self, user):
        """(url, description) of what came with one."""
        return [(m.findtext(OOB + "x/" + OOB + "url"),
                 m.findtext(OOB + "x/" + OOB + "desc"))
                for m in user.chat(self.room)
                if m.find(OOB + "x") is not None]

    async def one_link(self, user, n=1, timeout=60):
        await until(lambda: len(self.links(user)) == n, timeout,
                    lambda: "a link at %s, who has %s" % (
                        user.name, user.texts(self.room)))
        url, about = self.links(user)[-1]
        self.assertIn(url, user.texts(self.room))  # and nothing else in it
        return url, about

    async def restart(self, between=None):
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.stoxd.stop, signal.SIGTERM)
        await until(lambda: not self.listening(), 10, "the end of the SIP side")
        if between:
            between()
        await loop.run_in_executor(None, self.stoxd.start)
        await self.wait_component()

    async def test_picture(self):
        """200 KB, wrapped; HEAD, Range, and what strangers may not."""
        alice = await self.sip_in("alice", "Alice")
        romeo = await self.xmpp_in("romeo", "Romeo")
        png = octets(200000)
        r = await alice.call.msrp.send(
            self.entity(alice, png, "image/png", "a cat.png"), chunk=20000)
        self.assertEqual(r.status, 200)
        url, about = await self.one_link(romeo)
        self.assertEqual(about, "a cat.png (200000 octets)")
        self.assertTrue(url.endswith("/a%20cat.png"), url)
        status, headers, got = await get(url)
        self.assertEqual((status, headers["Content-Type"]), (200, "image/png"))
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(got, png)
        status, headers, got = await get(url, "HEAD")
        self.assertEqual((status, headers["Content-Length"], got),
                         (200, "200000", b""))
        status, headers, got = await get(url, "GET",
                                         {"Range": "bytes=1000-1999"})
        self.assertEqual((status, got), (206, png[1000:2000]))
        token = re.search(r"/files/([A-Za-z0-9]+)/", url).group(1)
        self.assertEqual(len(token), 32)
        base = "http://127.0.0.1:%d/" % self.http
        for path in ("", "files", "files/", "files/%s" % token,
                     "files/%s/" % token, "files/%s/b.png" % token,
                     "files/" + "A" * 32 + "/a%20cat.png",
                     "files/../stoxd.conf", "..%2f..%2fetc%2fpasswd"):
            self.assertEqual((await get(base + path))[0], 404, path)
        self.assertEqual((await get(url, "PUT"))[0], 501)

    async def test_large(self):
        """20 MB, streamed: SIP users get the octets, XMPP users the link."""
        alice = await self.sip_in("alice", "Alice")
        romeo = await self.xmpp_in("romeo", "Romeo")
        video = octets(20 * 1000 * 1000, 2)
        r = await alice.call.msrp.send(
            self.entity(alice, video, "video/mp4", "film.mp4"), chunk=1000000,
            timeout=120)
        self.assertEqual(r.status, 200)
        url, about = await self.one_link(romeo)
        self.assertEqual(about, "film.mp4 (20000000 octets)")
        status, headers, got = await get(url)
        self.assertEqual((status, headers["Content-Type"]), (200, "video/mp4"))
        self.assertEqual(hashlib.sha256(got).digest(),
                         hashlib.sha256(video).digest())

    async def test_pushed(self):
        """RFC 5547: a dialog of its own; all are told."""
        alice = await self.sip_in("alice", "Alice")
        bob = await self.sip_in("bob", "Bob")
        romeo = await self.xmpp_in("romeo", "Romeo")
        pdf = octets(300000, 3)
        other = await self.sip("alice")
        call = await other.invite(
            self.uri, accept="*", wrapped=None, chatroom=None,
            direction="sendonly", extra=(
                'a=file-selector:name:"report 1.pdf" type:application/pdf '
                "size:300000", "a=file-transfer-id:abc1"))
        self.assertEqual(call.answer.chat.get("file-transfer-id"), "abc1")
        self.assertIsNotNone(call.answer.chat.get("recvonly"))
        await other.connect_msrp(call.msrp)
        r = await call.msrp.send(pdf, "application/pdf", chunk=50000)
        self.assertEqual(r.status, 200)
        url, about = await self.one_link(romeo)
        self.assertEqual(about, "report 1.pdf (300000 octets)")
        await self.heard(bob, "%s: %s" % (about, url))
        status, headers, got = await get(url)
        self.assertEqual((status, got), (200, pdf))
        self.assertTrue(headers["Content-Disposition"].startswith("attachment"))
        await other.leave()
        # who is not in the room
        carol = await self.sip("carol")
        with self.assertRaises(Refused) as refused:
            await carol.invite(
                self.uri, accept="*", wrapped=None, chatroom=None,
                direction="sendonly",
                extra=('a=file-selector:name:"x" size:1',))
        self.assertEqual(refused.exception.response.status, 403)

    async def test_restart_and_expiry(self):
        """It outlives the daemon, not its 30 days."""
        alice = await self.sip_in("alice", "Alice")
        romeo = await self.xmpp_in("romeo", "Romeo")
        gif = octets(3000, 4)
        r = await alice.call.msrp.send(
            self.entity(alice, gif, "image/gif", "x.gif"))
        self.assertEqual(r.status, 200)
        url, _ = await self.one_link(romeo)
        await self.restart()
        self.assertEqual((await get(url))[2], gif)
        token = re.search(r"/files/([A-Za-z0-9]+)/", url).group(1)
        where = glob.glob(os.path.join(self.stoxd.folder, "files", token))
        self.assertEqual(len(where), 1)
        self.assertEqual(os.stat(where[0]).st_mode & 0o777, 0o600)

        def age():
            with open(where[0], "rb") as f:
                text = f.read()
            then = int((time.time() - 31 * 86400) * 1000)
            with open(where[0], "wb") as f:
                f.write(re.sub(rb"\ntime=\d+\n", b"\ntime=%d\n" % then, text,
                               count=1))
        await self.restart(age)
        self.assertEqual((await get(url))[0], 404)
        await until(lambda: not os.path.exists(where[0]), 10, "its end")


if __name__ == "__main__":
    main()
