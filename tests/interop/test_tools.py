"""The tests' own user agent, checked against the RFCs' examples: a tool that
is wrong finds nothing."""

import asyncio
import unittest

import confinfo
import cpim
import sdp
import sipmsg
from bed import main, until
from msrp import Connection, Frame, Framer, MsrpError, MsrpSession
from sipmsg import NameAddr, SipMessage, SipUri
from sipstack import Dialog, Endpoint, SipTimeout

HEAD = ("<conference-info xmlns='urn:ietf:params:xml:ns:conference-info' "
        "xmlns:xcon='urn:ietf:params:xml:ns:xcon-conference-info' "
        "entity='sip:r@c' state='%s' version='%d'>%s</conference-info>")


class Codecs(unittest.TestCase):
    def test_framer_at_every_split(self):
        frames = [
            Frame("t2bb", "SEND", headers=[("To-Path", "a"), ("From-Path", "b"),
                                           ("Content-Type", "text/plain")],
                  body=b"x\r\n-------t2bbb$\r\n-------t2bb!\r\n--------t2bb$\r\n"
                       b"-------t2bb$z"),
            Frame("t3cc", "SEND", headers=[("To-Path", "a")]),
            Frame("t4dd", "SEND", headers=[("To-Path", "a")], body=b"",
                  flag="+"),
            Frame("t5ee", None, 200, "OK", [("To-Path", "a")])]
        data = b"".join(f.to_bytes() for f in frames)
        for cut in range(len(data) + 1):
            framer = Framer()
            got = framer.feed(data[:cut]) + framer.feed(data[cut:])
            self.assertEqual(
                [(f.tid, f.method, f.status, f.body, f.flag) for f in got],
                [(f.tid, f.method, f.status, f.body, f.flag) for f in frames])
        framer = Framer()
        got = [f for octet in data for f in framer.feed(bytes([octet]))]
        self.assertEqual(len(got), 4)

    def test_framer_refuses(self):
        for junk in (b"GET / HTTP/1.1\r\n", b"MSRP a$b SEND\r\n",
                     b"MSRP abcd send\r\n",
                     b"MSRP abcd SEND\r\nno header\r\n-------abcd$\r\n"):
            with self.assertRaises(MsrpError):
                Framer().feed(junk)

    def test_cpim(self):
        data = cpim.build("sip:a@c", "sip:r@c", "h\u00e9", headers=[
            ("DateTime", "2024-05-06T07:08:09Z")])
        message = cpim.parse(data)
        self.assertEqual(message.text, "h\u00e9")
        self.assertEqual(message.address("From"), ("", "sip:a@c"))
        name, uri = cpim.split_address(r'"A \"x\" \u00e9" <sip:a@c>')
        self.assertEqual((name, uri), ('A "x" \u00e9', "sip:a@c"))
        for bad in (b"From: <sip:a@c>\r\n\r\nhi", data.replace(b"<", b""),
                    data.replace(b"From: ", b"From:"),
                    data.replace(b"Content-Type", b"X-Type")):
            with self.assertRaises(cpim.CpimError):
                cpim.parse(bad)

    def test_sip_messages(self):
        to = NameAddr('"A, <b>" <sip:a@h;lr>;tag=7;x="1;2"')
        self.assertEqual((to.name, to.uri, to.tag), ("A, <b>", "sip:a@h;lr", "7"))
        self.assertEqual(SipUri("sip:a@127.0.0.1:99;transport=TCP").next_hop(),
                         ("tcp", "127.0.0.1", 99))
        self.assertEqual(sipmsg.split_list('"a,b" <sip:x,y@h>, <sip:z@h>'),
                         ['"a,b" <sip:x,y@h>', "<sip:z@h>"])
        buffer = bytearray(
            b"\r\n\r\nOPTIONS sip:x@y SIP/2.0\r\nv: SIP/2.0/TCP h;branch="
            b"z9hG4bKq\r\nMax-Forwards: 1\r\nf: <sip:a@h>;tag=1\r\nt: <sip:x@y>"
            b"\r\ni: 1\r\nCSeq: 1 OPTIONS\r\nl: 3\r\nc: a/b\r\n\r\nabcSIP")
        message = sipmsg.take(buffer)
        self.assertEqual((message.method, message.body, message.branch),
                         ("OPTIONS", b"abc", "z9hG4bKq"))
        self.assertEqual(bytes(buffer), b"SIP")
        for bad in (b"SIP/2.0 200 OK\r\n\r\n",
                    message.to_bytes().replace(b"z9hG4bKq", b"old"),
                    message.to_bytes().replace(b"Max-Forwards", b"X")):
            with self.assertRaises(sipmsg.SipSyntaxError):
                sipmsg.parse(bad)
        self.assertIsInstance(sipmsg.parse(message.to_bytes()), SipMessage)

    def test_sdp(self):
        answer = sdp.Sdp(sdp.offer("msrp://h:9/x;tcp", 9).encode())
        self.assertEqual(answer.chat.get("path"), "msrp://h:9/x;tcp")
        self.assertIsNone(answer.chat.get("file-selector"))

    def test_conference_merge(self):
        c = confinfo.Conference()
        c.update(HEAD % ("full", 1, "<conference-description><subject>S</subject>"
                         "</conference-description><users><user entity='a' "
                         "xcon:nickname='A'/><user entity='b'><display-text>B"
                         "</display-text></user></users>"))
        self.assertEqual((c.names(), c.subject), (["A", "B"], "S"))
        c.update(HEAD % ("partial", 2, "<users state='partial'><user entity='b' "
                         "state='deleted'/><user entity='c'><display-text>C"
                         "</display-text></user></users>"))
        self.assertEqual(c.names(), ["A", "C"])
        self.assertFalse(c.update(HEAD % ("partial", 2, "")))
        with self.assertRaises(confinfo.VersionGap):
            c.update(HEAD % ("partial", 4, ""))
        c.update(HEAD % ("partial", 3, "<users><user entity='a' "
                         "state='partial'/></users>"))
        self.assertEqual(c.names(), ["a"], "users without state is the roster")
        with self.assertRaises(confinfo.BadDocument):
            c.update(HEAD % ("full", 4, "<users/><conference-description/>"))


class Pairs(unittest.IsolatedAsyncioTestCase):
    async def test_sip_over_both_transports(self):
        for transport in ("udp", "tcp"):
            a, b = Endpoint("a", transport), Endpoint("b", transport)
            await a.start()
            await b.start()
            seen = []

            def answer(message):
                seen.append(message)
                if len(seen) == 1 and transport == "udp":
                    b.servers.clear()
                    return None     # lost: UDP must try again
                return b.reply(message, 200, "OK")
            b.on_request = answer
            hop = (transport, "127.0.0.1", b.port)
            r = await a.request(a.make("OPTIONS", "sip:b@x.test", "<sip:a@x>"),
                                hop)
            self.assertEqual(r.status, 200)
            dialog = Dialog(a, r.call_id, r.get("from"), r.get("to"), hop)
            dialog.learn(r)
            dialog.target = b.contact
            self.assertEqual((await dialog.request("BYE")).status, 481)
            with self.assertRaises((SipTimeout, OSError)):
                await a.request(a.make("OPTIONS", "sip:b@x.test", "<sip:a@x>"),
                                (transport, "127.0.0.1", 1), timeout=0.5)
            self.assertEqual(a.violations + b.violations, [])
            a.close()
            b.close()

    async def test_msrp_sessions(self):
        wrong, there = [], []
        server = None

        async def accepted(reader, writer):
            session = MsrpSession("msrp://b:1/b;tcp", wrong, "b")
            session.remote_path = "msrp://a:1/a;tcp"
            session.connection = Connection(reader, writer, session)
            there.append(session)
        server = await asyncio.start_server(accepted, "127.0.0.1", 0)
        a = MsrpSession("msrp://a:1/a;tcp", wrong, "a")
        a.remote_path = "msrp://b:1/b;tcp"
        a.connection = Connection(*await asyncio.open_connection(
            *server.sockets[0].getsockname()), a)
        self.assertEqual((await a.bind()).status, 200)
        body = bytes(range(256)) * 40
        self.assertEqual((await a.send(body, chunk=1000)).status, 200)
        self.assertEqual(there[0].messages[0].body, body)
        self.assertEqual(there[0].messages[0].frames, 11)
        await a.send(b"quiet", failure="no")
        await until(lambda: len(there[0].messages) == 2)
        self.assertEqual((await a.use_nickname("x")).status, 501)
        self.assertEqual(wrong, [])
        there[0].connection.abort()
        await asyncio.wait_for(a.connection.closed.wait(), 20)
        a.connection.close()
        server.close()


if __name__ == "__main__":
    main()
