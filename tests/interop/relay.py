"""A SIP/MSRP chat user behind a relay of his own (RFC 4976)."""

import hashlib
import re

from msrp import Connection
from sipmsg import token
from sipmsrp import SipUser


class Unauthorized(Exception):
    pass


def digest(challenge, user, password, uri):
    """The value of Authorization for AUTH (RFC 4976 §9.1)."""
    given = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    cnonce, count = token(8), "00000001"

    def h(*parts):
        return hashlib.md5(":".join(parts).encode()).hexdigest()
    response = h(h(user, given["realm"], password), given["nonce"], count,
                 cnonce, "auth", h("AUTH", uri))
    return ('Digest username="%s", realm="%s", nonce="%s", uri="%s", qop=auth, '
            'nc=%s, cnonce="%s", response="%s"' % (
                user, given["realm"], given["nonce"], uri, count, cnonce,
                response))


class RelayUser(SipUser):
    """Talks MSRP to nobody but his relay, over one connection."""

    def __init__(self, name, proxy, relay, password="secret", **kw):
        super().__init__(name, proxy, tls=relay.secure, **kw)
        self.relay, self.password = relay, password
        self.relays, self.connection = [], None

    async def authorize(self):
        """AUTH, 401, AUTH with credentials: `relays` is a new Use-Path."""
        session = super()._session()
        if not self.connection:
            self.connection = Connection(
                *await self.open_msrp(self.relay.uri.replace(";", "/x;")), None)
        session.set_peer(self.relay.uri)
        self.connection.sessions.append(session)
        session.connection = self.connection
        first = await session.request("AUTH")
        challenge = first.get("WWW-Authenticate")
        if first.status != 401 or not challenge:
            raise AssertionError("AUTH: %d" % first.status)
        answer = await session.request("AUTH", [("Authorization", digest(
            challenge, self.name, self.password, self.relay.uri))])
        self.connection.sessions.remove(session)
        if answer.status != 200:
            raise Unauthorized(answer.status)
        self.relays = answer.get("Use-Path").split(" ")
        return self.relays

    def _session(self):
        session = super()._session()
        session.relays = self.relays
        return session

    async def invite(self, room, offer=None, **kw):
        await self.authorize()
        return await super().invite(room, offer, **kw)

    async def connect_msrp(self, session, share=None):
        """Each session has a path of its own, all use one connection."""
        session.connection = self.connection
        self.connection.sessions.append(session)
        if self.call.answer.chat.get("setup") == "passive":
            await self.bind(session)

    @staticmethod
    async def bind(session):
        response = await session.bind()
        if response.status != 200:
            raise AssertionError("the relay says %d" % response.status)

    async def leave(self, room=None):
        session = self.calls[room or self.call.room].msrp
        session.connection = None   # which is for the other sessions, too
        self.connection.sessions.remove(session)
        return await super().leave(room)

    def close(self):
        if self.connection:
            self.connection.close()
        super().close()
