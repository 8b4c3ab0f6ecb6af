"""SIP and MSRP over TLS: who proves what to whom."""

import asyncio
import hashlib
import os
import signal
import socket
import ssl
import unittest

import certs
from bed import Bed, Stoxd, main, until
from sipmsg import NameAddr

# sip/main.c names what sofia-sip loses; for that its callers must be known
os.environ.setdefault("ASAN_OPTIONS", "fast_unwind_on_malloc=0")

OTHER = "sha-256 " + ":".join(["00"] * 32)


class OverTls(Bed):
    @classmethod
    def set_up_servers(cls):
        super().set_up_servers()
        cls.proxy = ("tls", "127.0.0.1", cls.stoxd.sips)
        issue = cls.stoxd.authority.issue
        # sofia-sip finds an address in the common name only
        cls.good = issue("127.0.0.1", "IP:127.0.0.1")
        cls.expired = issue("127.0.0.1", "IP:127.0.0.1", True, "expired")
        cls.other = issue("other", "DNS:other.example")

    def secure(self, name, certificate=None, **kw):
        """A SIP user whom TLS brings here, and who looks whom he meets."""
        return self.sip_in(name, name.capitalize(), transport="tls",
                           certificate=certificate or self.good,
                           ca=self.stoxd.certificate[0], **kw)



class SipOverTls(OverTls):
    async def test_chat(self):
        """SIP-1: requests of both sides over the connection that the user
        made; Contact says TLS."""
        alice = await self.secure("alice")
        bob = await self.sip_in("bob", "Bob", proxy=self.stoxd.proxy)
        await until(lambda: alice.roster.names() == ["Alice", "Bob"], 10, "both")
        self.assertEqual(await alice.say("signalled over TLS"), 200)
        await self.heard(bob, "signalled over TLS")
        via = alice.subscriptions[self.uri].notifies[-1].get("via")
        self.assertTrue(via.startswith("SIP/2.0/TLS "), via)
        alice.call.msrp.connection.abort()
        await until(lambda: alice.call.ended, 25, "BYE")
        self.assertEqual(alice.tls_accepted, 0)

    async def test_contact(self):
        """FOCUS-1: what was dialled over TLS is found over TLS."""
        uri = "sip:%s@chat.test:%d;transport=tls" % (self.room_name,
                                                     self.stoxd.sips)
        alice = await self.sip("alice", transport="tls", certificate=self.good)
        call = await alice.invite(uri)
        contact = NameAddr(call.response.get("contact"))
        self.assertEqual(contact.uri, uri)
        await alice.leave(uri)
        call = await alice.invite("sips:%s@chat.test" % self.room_name)
        contact = NameAddr(call.response.get("contact"))
        self.assertEqual(contact.uri, "sips:%s@chat.test" % self.room_name)
        await alice.leave("sips:%s@chat.test" % self.room_name)

    async def in_touch(self, certificate):
        """Does a NOTIFY reach him at his Contact, whose connection broke?"""
        alice = await self.secure("alice", certificate)
        await until(lambda: alice.roster.names() == ["Alice"], 10, "himself")
        await alice.drop_streams()
        bob = await self.sip_in("bob", "Bob", proxy=self.stoxd.proxy)
        try:
            await until(lambda: alice.roster.names() == ["Alice", "Bob"], 4,
                        "both")
            return True
        except AssertionError:
            return False
        finally:
            await bob.leave()

    async def test_reconnecting_to_contact(self):
        """RFC 5922 7.3: whom we connect to has a certificate in his name."""
        self.assertTrue(await self.in_touch(self.good))

    async def test_wrong_name(self):
        self.assertFalse(await self.in_touch(self.other))

    async def test_expired(self):
        self.assertFalse(await self.in_touch(self.expired))

    async def test_older_versions(self):
        context = certs.client_context()
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        for port in (self.stoxd.sips, self.stoxd.msrps):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                await asyncio.open_connection("127.0.0.1", port, ssl=context)

    async def test_no_tls(self):
        """What is no TLS ends its connection and nothing else."""
        for port in (self.stoxd.sips, self.stoxd.msrps):
            for text in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 500,
                         b"OPTIONS sip:chat.test SIP/2.0\r\n\r\n"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(text)
                try:
                    got = await asyncio.wait_for(reader.read(4096), 20)
                except ConnectionError:
                    got = b""
                self.assertIn(got[:1], (b"", b"\x15"), got)  # or an alert
                writer.close()
        alice = await self.secure("alice")
        self.assertEqual(await alice.say("still here"), 200)

    async def test_half_closed(self):
        """A FIN without close_notify is the end, as any other."""
        alice = await self.secure("alice", tls=True)
        bob = await self.sip_in("bob", "Bob", proxy=self.stoxd.proxy)
        raw = alice.call.msrp.connection.writer.get_extra_info("socket")
        socket.fromfd(raw.fileno(), raw.family, raw.type).shutdown(
            socket.SHUT_WR)
        await until(lambda: bob.roster.names() == ["Bob"], 25, "Alice's end")

    @unittest.skipIf(not Stoxd.available() or b"__asan_init" in
                     open(Stoxd.program(), "rb").read(),
                     "the sanitizer keeps freed memory")
    async def test_memory(self):
        """sofia-sip keeps nothing of 500 connections."""
        pid = self.stoxd.sip_process()

        def resident():
            with open("/proc/%d/statm" % pid) as f:
                return int(f.read().split()[1]) * 4096
        context = certs.client_context()
        for count in (50, 500):
            before = resident()
            for _ in range(count):
                _, writer = await asyncio.open_connection(
                    "127.0.0.1", self.stoxd.sips, ssl=context)
                writer.close()
                await asyncio.sleep(0)
        self.assertLess(resident() - before, 1 << 20)


class MsrpOverTls(OverTls):
    async def test_fingerprint_of_stoxd(self):
        """MSRP-76: ours is self-signed, so the answer has its fingerprint."""
        alice = await self.sip_in("alice", "Alice", tls=True)
        shown = alice.call.msrp.connection.writer.get_extra_info(
            "ssl_object").getpeercert(True)
        self.assertEqual(alice.call.answer.chat.get("fingerprint"),
                         "sha-256 " + hashlib.sha256(shown).digest().hex(":")
                         .upper())

    async def test_fingerprint_of_caller(self):
        """MSRP-76: a client that connects to us."""
        mark = certs.fingerprint(self.other[0])
        alice = await self.sip("alice", tls=True, certificate=self.other)
        await alice.join(self.uri, "Alice", extra=("a=fingerprint:" + mark,))
        self.assertEqual(await alice.say("it is me"), 200)

    async def test_rcs_client(self):
        """MSRP-76, SDP-8, SDP-11: message/cpim only, SHA-1 fingerprint, its own
        spelling of max-size, CEMA, port 443 in a private path."""
        mark = certs.fingerprint(self.other[0], "sha-1")
        alice = await self.sip("alice", tls=True, certificate=self.other)
        alice.msrp_port = 443
        await alice.join(
            self.uri, accept="message/cpim", wrapped="text/plain",
            chatroom=None, extra=(
                "a=fingerprint:" + mark.replace("sha-1", "SHA-1"),
                "a=connection:new", "a=msrp-cema", "a=maxsize:3000"))
        self.assertEqual(alice.call.answer.chat.get("msrp-cema"), "")
        bob = await self.sip_in("bob", "Bob")
        self.assertEqual(await alice.say("x" * 5000, chunk=2048), 200)
        await self.heard(bob, "x" * 5000)
        self.assertEqual(await bob.say("y" * 5000), 200)
        self.assertEqual(await bob.say("short"), 200)
        await self.heard(alice, "short")
        self.assertNotIn("y" * 5000, alice.call.texts())
        mallory = await self.sip("mallory", tls=True, certificate=self.good)
        await self.refused(mallory, "a=fingerprint:" + mark)

    async def refused(self, user, line):
        """He may be called, but his connection binds nothing."""
        call = await user.invite(self.uri, extra=(line,))
        with self.assertRaises((AssertionError, ConnectionError)):
            await user.connect_msrp(call.msrp)
        await until(lambda: call.ended, 10, "BYE")
        bye = [m for kind, m in user.log if kind == "in" and
               m.method == "BYE"][-1]
        self.assertIn("certificate", bye.get("reason"))

    async def test_wrong_fingerprint(self):
        """MSRP-76: a BYE at once, and nobody takes his seat."""
        alice = await self.sip("alice", tls=True, certificate=self.good)
        await self.refused(alice, "a=fingerprint:" + OTHER)

    async def test_no_certificate(self):
        """MSRP-76"""
        alice = await self.sip("alice", tls=True)
        await self.refused(alice, "a=fingerprint:" + OTHER)

    async def we_connect(self, certificate, extra=()):
        """The user waits for us: does the session come to be?"""
        user = await self.sip("carol", tls=True, certificate=certificate)
        await user.listen()
        call = await user.invite(self.uri, extra=extra)
        user.passive_sessions[self.uri] = call.msrp
        await until(lambda: call.ended or (
            call.msrp.connection and call.msrp.connection.frames), 15,
                    "a SEND or a BYE")
        return not call.ended

    async def test_we_connect(self):
        """MSRP-75, MSRP-76: by name, and by fingerprint."""
        mark = "a=fingerprint:" + certs.fingerprint(self.other[0])
        self.assertTrue(await self.we_connect(self.good))
        self.assertTrue(await self.we_connect(self.other, (mark,)))

    async def test_we_refuse(self):
        """MSRP-75, MSRP-76: a certificate of another name, one that is over, a
        fingerprint of another."""
        self.assertFalse(await self.we_connect(self.other))
        self.assertFalse(await self.we_connect(self.expired))
        self.assertFalse(await self.we_connect(
            self.good, ("a=fingerprint:" + OTHER,)))


class Renewal(OverTls):
    @staticmethod
    async def shown(port):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=certs.client_context())
        shown = writer.get_extra_info("ssl_object").getpeercert(True)
        writer.close()
        return "sha-256 " + hashlib.sha256(shown).digest().hex(":").upper()

    async def test_renewed(self):
        """SIGHUP: new connections meet the new certificate, rooms and sessions
        go on; a file that can't be used changes nothing."""
        cert, key = self.stoxd.certificate
        ports = (self.stoxd.sips, self.stoxd.msrps)
        alice = await self.secure("alice", tls=True)
        bob = await self.sip_in("bob", "Bob", proxy=self.stoxd.proxy)
        old, process = certs.fingerprint(cert), self.stoxd.sip_process()
        for port in ports:
            self.assertEqual(await self.shown(port), old)
        certs.self_signed(os.path.dirname(cert))
        new = certs.fingerprint(cert)
        self.stoxd.process.send_signal(signal.SIGHUP)
        await until(lambda: self.stoxd.sip_process() not in (None, process), 10,
                    "another SIP process")
        await until(self.listening, 10, "its listener")
        for port in ports:
            self.assertEqual(await self.shown(port), new)
        self.assertEqual(await alice.say("the same session"), 200)
        await self.heard(bob, "the same session")
        carol = await self.secure("carol", tls=True)
        await until(lambda: bob.roster.names() == ["Alice", "Bob", "Carol"], 10,
                    "Carol")
        self.assertEqual((await alice.leave()).status, 200)
        with open(key, "w") as f:
            f.write("nothing\n")
        process = self.stoxd.sip_process()
        self.stoxd.process.send_signal(signal.SIGHUP)
        await until(lambda: "reload.refused" in self.stoxd.log_text(), 10,
                    "the refusal")
        for port in ports:
            self.assertEqual(await self.shown(port), new)
        self.assertEqual(self.stoxd.sip_process(), process)
        self.assertEqual(await carol.say("still here"), 200)


if __name__ == "__main__":
    main()
