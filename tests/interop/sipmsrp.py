"""A SIP/MSRP chat user: joins rooms, talks, listens, keeps a roster.

    alice = SipUser("alice", proxy=("tcp", "127.0.0.1", 5060))
    await alice.start()
    await alice.join("sip:room@chat.test", nick="Alice")
    await alice.say("hello")
"""

import asyncio
import re

import certs
import cpim
import sdp
from confinfo import BadDocument, Conference, VersionGap
from msrp import Connection, MsrpSession
from sipmsg import NameAddr, token
from sipstack import ALLOW, Dialog, Endpoint

CONFINFO = "application/conference-info+xml"


SLACK = 2       # how much longer than on an idle machine all may take


async def until(condition, timeout=10, what=None):
    """Waits for a condition that arriving traffic makes true; timeout: seconds
    on an idle machine."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SLACK * timeout
    while not (value := condition()):
        if loop.time() > end:
            raise AssertionError("waited %g s for %s" % (
                SLACK * timeout,
                what() if callable(what) else what or "a condition"))
        await asyncio.sleep(0.01)
    return value


class Heard:
    """One chat message as its reader sees it."""

    def __init__(self, message):
        self.raw = message
        self.cpim = cpim.parse(message.body)
        self.name, self.sender = self.cpim.address("From")
        _, self.to = self.cpim.address("To")
        self.ctype = self.cpim.mime_get("Content-Type")
        self.date = self.cpim.get("DateTime")
        self.text = (self.cpim.text if self.ctype.lower().startswith("text/")
                     else None)

    def __repr__(self):
        return "<%s to %s: %r>" % (self.name or self.sender, self.to, self.text)


class Refused(Exception):
    """A final response that isn't 2xx."""

    def __init__(self, response):
        super().__init__(response.start)
        self.response, self.status = response, response.status


class Call:
    """The INVITE dialog of one room with its MSRP session."""

    def __init__(self, user, room):
        self.user, self.room = user, room
        self.dialog = self.msrp = self.offer = self.answer = self.response = None
        self.ended = None   # the BYE that came, or True after ours
        self.heard = []
        self.renewals = []  # re-INVITEs that brought another path
        self.answers = True  # to re-INVITEs

    def on_request(self, message):
        ua = self.user
        if message.method == "BYE":
            self.ended = message
            self.dialog.close()
            return ua.reply(message, 200, "OK")
        if message.method == "NOTIFY":
            return ua.notified(message)
        if message.method == "INVITE" and not self.answers:
            return None
        if message.method == "INVITE" and self.has_new_path(message):
            return self.renew(message)
        if message.method in ("INVITE", "UPDATE"):
            body = self.offer if message.method == "INVITE" or message.body else ""
            headers = [("Contact", "<%s>" % ua.contact)]
            if body:
                headers.append(("Content-Type", "application/sdp"))
            return ua.reply(message, 200, "OK", headers, body.encode())
        if message.method in ("OPTIONS", "INFO", "MESSAGE"):
            return ua.reply(message, 200, "OK")
        return ua.reply(message, 501, "Not Implemented")

    def has_new_path(self, message):
        chat = sdp.Sdp(message.body).chat
        return chat is not None and \
            chat.get("path") != self.msrp.remote_path.split(" ")[-1]

    def renew(self, message):
        """The session moves to another path: our answer has one, too, and we
        connect (RFC 4975 §5.4, RFC 3264 §8)."""
        ua, old = self.user, self.msrp
        self.renewals.append(message)
        if old.connection:
            old.connection.close()
        self.msrp = ua._session()
        self.msrp.set_peer(sdp.Sdp(message.body).chat.get("path"))
        self.msrp.on_message = self.on_message
        self.offer = sdp.offer(self.msrp.path, ua.msrp_port, ua.tls,
                               version=2 + len(self.renewals))
        ua.spawn(ua.connect_msrp(self.msrp))
        return ua.reply(message, 200, "OK", [
            ("Contact", "<%s>" % ua.contact), ("Supported", "timer"),
            ("Content-Type", "application/sdp")], self.offer.encode())

    def on_message(self, message):
        if (message.ctype or "").split(";")[0].lower() != "message/cpim":
            self.user.violate("a SEND of type %s" % message.ctype)
            return
        try:
            self.heard.append(Heard(message))
        except (cpim.CpimError, UnicodeDecodeError) as e:
            self.user.violate("CPIM: %s" % e)

    @property
    def notices(self):
        """What the room itself said: From is the room."""
        return [h for h in self.heard if h.sender == self.room]

    @property
    def chat(self):
        return [h for h in self.heard if h.sender != self.room and h.text]

    def texts(self):
        return [h.text for h in self.chat]


class Subscription:
    def __init__(self, user, dialog):
        self.user, self.dialog = user, dialog
        self.conference = Conference()
        self.state = None
        self.notifies = []
        self.answer_with = 200

    def on_request(self, message):
        ua = self.user
        if message.method != "NOTIFY":
            return ua.reply(message, 501, "Not Implemented")
        self.notifies.append(message)
        if (message.get("event") or "").split(";")[0].strip() != "conference":
            ua.violate("NOTIFY of event %s" % message.get("event"))
        self.state = message.get("subscription-state")
        if not self.state:
            ua.violate("NOTIFY without Subscription-State")
            return ua.reply(message, 400, "Bad Request")
        if not message.contact:
            ua.violate("NOTIFY without Contact")
        if message.body:
            if message.get("content-type").split(";")[0] != CONFINFO:
                ua.violate("NOTIFY of type %s" % message.get("content-type"))
            try:
                self.conference.update(message.body)
            except (VersionGap, BadDocument, ValueError, SyntaxError) as e:
                ua.violate("conference-info: %r" % e)
        if self.answer_with != 200:
            return ua.reply(message, self.answer_with, "No")
        return ua.reply(message, 200, "OK")


class SipUser(Endpoint):
    def __init__(self, name, proxy, domain="sip.test", transport=None, tls=False,
                 display=None, agent="interop", **kw):
        super().__init__(name, transport or proxy[0], **kw)
        self.proxy, self.tls, self.agent = proxy, tls, agent
        self.aor = "sip:%s@%s" % (name, domain)
        self.display = display
        self.calls, self.subscriptions = {}, {}
        self.connection_names = 0
        self.listener, self.msrp_port = None, 9
        self.call = None    # the latest
        self.passive_sessions = {}

    @property
    def from_header(self):
        return '"%s" <%s>' % (self.display, self.aor) if self.display \
            else "<%s>" % self.aor

    def close(self):
        for call in self.calls.values():
            if call.msrp and call.msrp.connection:
                call.msrp.connection.close()
        if self.listener:
            self.listener.close()
        super().close()

    # MSRP set-up

    def _session(self):
        self.connection_names += 1
        return MsrpSession("%s://%s:%d/%s;tcp" % (
            "msrps" if self.tls else "msrp", self.host, self.msrp_port,
            token(20)), self.violations, self.name)

    async def listen(self):
        """Be reachable: offers and answers then say setup:passive."""
        self.listener = await asyncio.start_server(
            self._msrp_accepted, self.host, 0,
            ssl=certs.server_context(self.certificate) if self.tls else None)
        self.msrp_port = self.listener.sockets[0].getsockname()[1]

    async def _msrp_accepted(self, reader, writer):
        connection = Connection(reader, writer, None)
        connection.sessions = list(self.passive_sessions.values())
        for session in connection.sessions:
            session.connection = connection

    async def open_msrp(self, path):
        """A connection to the leftmost URI of a path."""
        m = re.match(r"^(msrps?)://(?:[^@/]*@)?([^:/]+):(\d+)/[^;]+;tcp", path)
        if not m:
            raise ValueError("path %r" % path)
        context = None
        if m.group(1) == "msrps":
            context = certs.client_context(None, self.certificate)
        return await asyncio.wait_for(asyncio.open_connection(
            m.group(2), int(m.group(3)), ssl=context), 20)

    async def connect_msrp(self, session, share=None):
        if share:
            session.connection = share
            share.sessions.append(session)
        else:
            session.connection = Connection(
                *await self.open_msrp(session.remote_path.split(" ")[0]), session)
        response = await session.bind()
        if response.status != 200:
            raise AssertionError("binding: %d" % response.status)

    # INVITE

    def invite_message(self, room, offer, call_id=None, tag=None, headers=()):
        return self.make("INVITE", room, self.from_header, None, call_id, tag, [
            ("Contact", "<%s>" % self.contact), ("Allow", ALLOW),
            ("User-Agent", self.agent), ("Supported", "gruu, tdialog"),
            *headers, ("Content-Type", "application/sdp")], offer)

    async def invite(self, room, offer=None, headers=(), on_provisional=None,
                     ack=True, **sdp_args):
        """The Call after the 2xx and our ACK, its MSRP not yet connected.
        Raises Refused."""
        call = Call(self, room)
        call.msrp = self._session()
        call.msrp.on_message = call.on_message
        if "setup" not in sdp_args:
            sdp_args["setup"] = "passive" if self.listener else "active"
        call.offer = offer or sdp.offer(call.msrp.path, self.msrp_port,
                                        self.tls, **sdp_args)
        call.message = self.invite_message(room, call.offer, headers=headers)
        call.dialog = Dialog(self, call.message.call_id,
                             call.message.get("from"), call.message.get("to"),
                             self.proxy)
        call.dialog.local_cseq = 1
        call.dialog.on_request = call.on_request
        response = await self.request(call.message, self.proxy,
                                      on_provisional=on_provisional)
        if response.status >= 300:
            call.dialog.close()
            raise Refused(response)
        call.response = response
        call.dialog.learn(response)
        if ack:
            await call.dialog.ack(call.message.cseq[0])
        self.read_answer(call, response)
        self.calls[room] = self.call = call
        return call

    def read_answer(self, call, response):
        call.answer = sdp.Sdp(response.body)
        chat = call.answer.chat
        if chat is None:
            raise AssertionError("no chat in the answer: %r" % response.body)
        call.msrp.set_peer(chat.get("path"))
        leftmost = chat.get("path").split(" ")[0]
        where = re.match(r"^(msrps?)://([^:/]+):(\d+)/", leftmost)
        if int(where.group(3)) != chat.port or \
                not call.answer.connection.endswith(" " + where.group(2)):
            self.violate("c= and m= unlike path: %s" % leftmost)
        if (where.group(1) == "msrps") != (chat.proto == "TCP/TLS/MSRP"):
            self.violate("%s with %s" % (leftmost, chat.proto))

    async def join(self, room, nick=None, subscribe=True, share=None, **sdp_args):
        call = await self.invite(room, **sdp_args)
        if self.listener:
            self.passive_sessions[room] = call.msrp
            await until(lambda: call.msrp.connection, 10, "the MSRP connection")
        else:
            await self.connect_msrp(call.msrp, share)
        if nick is not None:
            await self.nick(nick, room)
        if subscribe:
            await self.subscribe(room)
        return call

    async def leave(self, room=None):
        call = self.calls.pop(room or self.call.room)
        response = await call.dialog.request("BYE")
        call.dialog.close()
        call.ended = True
        if call.msrp.connection:
            call.msrp.connection.close()
        return response

    async def reinvite(self, call=None, offer=None):
        call = call or self.call
        response = await call.dialog.request("INVITE", [
            ("Contact", "<%s>" % self.contact), ("Allow", ALLOW),
            ("Content-Type", "application/sdp")], offer or call.offer)
        if response.status < 300:
            call.dialog.refresh(response)
            await call.dialog.ack(call.dialog.local_cseq)
        return response

    # Talking

    def wrap(self, text, to, ctype="text/plain;charset=utf-8", headers=()):
        return cpim.build(self.aor, to, text, ctype, headers)

    async def say(self, text, room=None, **kw):
        """The response's status, or None when none is asked for."""
        call = self.calls[room] if room else self.call
        r = await call.msrp.send(self.wrap(text, call.room), **kw)
        return r.status if r else None

    async def whisper(self, to, text, **kw):
        r = await self.call.msrp.send(self.wrap(text, to), **kw)
        return r.status if r else None

    async def nick(self, nick, room=None):
        call = self.calls[room] if room else self.call
        return (await call.msrp.use_nickname(nick)).status

    # Conference events

    async def subscribe(self, room=None, expires=600, call=None, headers=(),
                        timeout=24):
        """Out of dialog, or within a call's dialog. Raises Refused."""
        room = room or self.call.room
        fields = [("Event", "conference"), ("Accept", CONFINFO),
                  ("Contact", "<%s>" % self.contact), ("Expires", str(expires)),
                  ("User-Agent", self.agent), *headers]
        if call:
            subscription = Subscription(self, call.dialog)
            self.in_dialog_subscription = subscription
            response = await call.dialog.request("SUBSCRIBE", fields)
        else:
            message = self.make("SUBSCRIBE", room, self.from_header,
                                headers=fields)
            dialog = Dialog(self, message.call_id, message.get("from"),
                            message.get("to"), self.proxy)
            dialog.local_cseq = 1
            subscription = Subscription(self, dialog)
            dialog.on_request = subscription.on_request
            response = await self.request(message, self.proxy, timeout=timeout)
        if response.status >= 300:
            if not call:
                dialog.close()
            raise Refused(response)
        if not call:
            dialog.learn(response)
        if response.get("expires") is None:
            self.violate("2xx to SUBSCRIBE without Expires")
        subscription.response = response
        self.subscriptions[room] = subscription
        await until(lambda: subscription.notifies, 10, "the first NOTIFY")
        return subscription

    async def refresh(self, subscription, expires=600):
        return await subscription.dialog.request("SUBSCRIBE", [
            ("Event", "conference"), ("Accept", CONFINFO),
            ("Contact", "<%s>" % self.contact), ("Expires", str(expires))])

    def notified(self, message):
        subscription = getattr(self, "in_dialog_subscription", None)
        if subscription is None:
            return self.reply(message, 481, "Subscription Does Not Exist")
        return subscription.on_request(message)

    @property
    def roster(self):
        return self.subscriptions[self.call.room].conference

    # Out of dialog

    async def options(self, uri):
        return await self.request(self.make(
            "OPTIONS", uri, self.from_header, headers=[
                ("Contact", "<%s>" % self.contact),
                ("Accept", "application/sdp")]), self.proxy)

    async def ask(self, method, uri, headers=(), body=b""):
        """A bare request outside any dialog."""
        return await self.request(self.make(
            method, uri, self.from_header, headers=[
                ("Contact", "<%s>" % self.contact), *headers],
            body=body), self.proxy)


def contact_params(response):
    return NameAddr(response.values("contact")[0]).params
