"""Several streams of one component domain: real ejabberd that balances over
them, real Prosody that takes one."""

import asyncio
import socket
import threading
import urllib.request

from bed import Ejabberd, Stoxd, USERS, XmppBed, main, until

STREAMS = 3
DOMAINS = dict(Stoxd.DOMAINS, **{
    "chat.test": Stoxd.DOMAINS["chat.test"] + "\n connections = %d" % STREAMS})


class Cable(threading.Thread):
    """Between stoxd and its XMPP server; can be cut, stream by stream."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.streams = []   # (domain, both sockets)
        self.start()

    def run(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            threading.Thread(target=self.out, args=(near, far),
                             daemon=True).start()
            threading.Thread(target=self.copy, args=(far, near),
                             daemon=True).start()

    def out(self, near, far):
        head = b""
        while b"to='" not in head or head.count(b"'") % 2:
            data = near.recv(4096)
            if not data:
                break
            head += data
        domain = head.partition(b"to='")[2].partition(b"'")[0].decode()
        stream = (domain, near, far)
        self.streams.append(stream)
        far.sendall(head)
        self.copy(near, far)
        if stream in self.streams:
            self.streams.remove(stream)

    def copy(self, a, b):
        try:
            while True:
                data = a.recv(65536)
                if not data:
                    break
                b.sendall(data)
        except OSError:
            pass
        self.shut(a, b)

    @staticmethod
    def shut(*socks):
        for sock in socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self, domain):
        """One stream, as if the network had lost it."""
        stream = next(s for s in self.streams if s[0] == domain)
        self.streams.remove(stream)
        self.shut(*stream[1:])


class Component(XmppBed):

    @classmethod
    def set_up_servers(cls):
        cls.need(cls.server_class)
        cls.server = cls.start(cls.server_class(cls.folder, USERS,
                                                Stoxd.SECRETS))
        cls.cable = Cable(cls.server.component)
        cls.stoxd = cls.start(Stoxd(cls.folder, cls.cable.port,
                                    domains=DOMAINS))
        asyncio.run(cls.wait_component())

    def up(self):
        """How many streams of the domain are up."""
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" %
                                    self.stoxd.metrics, timeout=30) as r:
            for line in r.read().decode().splitlines():
                if line.startswith('stoxd_xmpp_streams_up{domain="chat.test"}'):
                    return int(line.split()[1])
        return None


class BalancingEjabberd(Ejabberd):
    options = ("domain_balancing:\n"
               "  chat.test:\n"
               "    type: bare_source\n"
               "    component_number: %d\n" % STREAMS)


class EjabberdTest(Component):
    server_class = BalancingEjabberd

    async def crowd(self):
        """All XMPP users and one SIP user in this test's room."""
        await until(lambda: self.up() == STREAMS, 60, "all streams")
        users = [await self.xmpp_in(u, u.capitalize()) for u in USERS]
        alice = await self.sip_in("alice", "Alice")
        self.names = [u.capitalize() for u in USERS] + ["Alice"]
        await self.agree(self.names, users, [alice])
        return users, alice

    async def talk(self, users, alice, word, n=50):
        """From and to everybody, in the order of their saying."""
        for i in range(n):
            for user in users:
                user.say(self.room, "%s %s %d" % (user.name, word, i))
            self.assertEqual(await alice.say("alice %s %d" % (word, i)), 200)
        for speaker in [u.name for u in users] + ["alice"]:
            want = ["%s %s %d" % (speaker, word, i) for i in range(n)]

            def of(texts):
                return [t for t in texts
                        if t and t.startswith("%s %s " % (speaker, word))]
            for user in users:
                await until(lambda: len(of(user.texts(self.room))) >= n, 30,
                            lambda: "%s has %d of %s" % (
                                user.name, len(of(user.texts(self.room))),
                                speaker))
                self.assertEqual(of(user.texts(self.room)), want)
            if speaker != "alice":
                await until(lambda: len(of(alice.call.texts())) >= n, 30,
                            "all of " + speaker)
                self.assertEqual(of(alice.call.texts()), want)

    async def settle(self, users):
        """ejabberd uses a stream from a moment after its handshake on; what
        is said before goes another way."""
        for user in users:
            user.say(self.room, "%s is settled" % user.name)
        for user in users:
            for other in users:
                await self.read(user, "%s is settled" % other.name)

    async def test_order(self):
        """COMP-5: each user's stanzas in order, over several streams."""
        users, alice = await self.crowd()
        await self.talk(users, alice, "word")
        said = self.stoxd.ctl("domain", "chat.test").stdout
        self.assertIn("component_number: %d" % STREAMS, said)

    async def test_one_stream_lost(self):
        """COMP-5: the others take its part; nobody leaves, nothing that is
        said afterwards is lost, and it comes back."""
        users, alice = await self.crowd()
        await self.talk(users, alice, "before", 5)
        self.cable.cut("chat.test")
        await until(lambda: self.up() == STREAMS - 1, 10, "one less")
        for i in range(20):
            self.assertEqual(await alice.say("meanwhile %d" % i), 200)
        for user in users:
            await self.read(user, "meanwhile 19")
            self.assertEqual(
                [t for t in user.texts(self.room)
                 if t and t.startswith("meanwhile")],
                ["meanwhile %d" % i for i in range(20)])
        await until(lambda: self.up() == STREAMS, 30, "all again")
        await self.settle(users)
        await self.talk(users, alice, "after", 20)
        await self.agree(self.names, users, [alice])

    async def test_all_streams_lost(self):
        """COMP-5, COMP-10, COMP-11: what is said meanwhile comes when one is
        back, and nobody has left."""
        users, alice = await self.crowd()
        for _ in range(STREAMS):
            before = self.up()
            self.cable.cut("chat.test")
            await until(lambda: self.up() != before, 10, "one less")
        self.assertEqual(await alice.say("still here?"), 200)
        for user in users:
            await self.read(user, "still here?", 30)
        await until(lambda: self.up() == STREAMS, 60, "all again")
        await self.settle(users)
        await self.talk(users, alice, "after", 10)
        await self.agree(self.names, users, [alice])


class ProsodyTest(Component):

    async def test_one_only(self):
        """COMP-5, COMP-6: the second is refused, which the log tells; the
        first serves."""
        await until(lambda: self.up() == 1, 30, "one stream")
        await until(lambda: "conflict" in self.stoxd.tail(5000), 30,
                    "a line in the log")
        line = next(s for s in self.stoxd.tail(5000).splitlines()
                    if "conflict" in s)
        self.assertIn("takes no further connection", line)
        romeo = await self.xmpp_in("romeo", "Romeo")
        alice = await self.sip_in("alice", "Alice")
        await self.agree(["Romeo", "Alice"], [romeo], [alice])
        romeo.say(self.room, "hello")
        await self.heard(alice, "hello")
        self.assertEqual(await alice.say("good day"), 200)
        await self.read(romeo, "good day")
        self.assertEqual(self.up(), 1)


if __name__ == "__main__":
    main()
