"""Two scripted users in the room of scripts/run, one on each side, and what
each of them sees. The users are those of the end-to-end tests."""

import asyncio
import logging
import os
import sys

logging.disable(logging.CRITICAL)  # slixmpp speaks while it is imported
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "tests", "interop"))

from sipmsrp import SipUser, until  # noqa: E402
from xmppuser import XmppUser, body  # noqa: E402

ROOM = "welcome@chat.localhost"
TALK = [
    ("anna", "Hello from XMPP! Is anybody here on SIP?"),
    ("carol", "Yes, me: SIP and MSRP. I see you as anna."),
    ("anna", "One room, two networks. Grüße & \u2615"),
    ("carol", "And everybody reads the same, in the same order."),
]


async def talk(anna, carol):
    """Each line is said when everybody has the one before."""
    for number, (who, text) in enumerate(TALK):
        if who == "anna":
            anna.say(ROOM, text)
        else:
            status = await carol.say(text)
            if status != 200:
                raise AssertionError("MSRP answered %s" % status)
        await until(lambda n=number: len(anna.chat(ROOM)) == n + 1, 10,
                    "line %d at anna" % (number + 1))
        theirs = sum(w == "anna" for w, _ in TALK[:number + 1])
        await until(lambda n=theirs: len(carol.call.chat) == n, 10,
                    "line %d at carol" % (number + 1))


def seen_by_anna(anna):
    yield "in the room: " + ", ".join(anna.names(ROOM))
    for m in anna.chat(ROOM):
        yield "<%s> %s" % (m.get("from").partition("/")[2], body(m))


def seen_by_carol(carol):
    yield "in the room: " + ", ".join(carol.roster.names())
    heard = iter(carol.call.chat)
    for who, text in TALK:
        if who == "carol":
            yield "<me> %s   (200 OK)" % text
            continue
        message = next(heard)
        user = carol.roster.users.get(message.sender)
        yield "<%s> %s" % (user.name if user and user.name else
                           message.name or message.sender, message.text)


def display(title, lines):
    print("\n%s" % title)
    for line in lines:
        print("    " + line)


async def run(sip_port, c2s_port, password):
    carol = SipUser("carol", ("tcp", "127.0.0.1", sip_port),
                    domain="localhost")
    anna = XmppUser("anna", ("127.0.0.1", c2s_port), domain="localhost",
                    password=password)
    await carol.start()
    try:
        await carol.join("sip:" + ROOM, nick="Carol")
        await anna.login()
        own = await anna.join(ROOM)
        if own.get("type") == "error":
            raise AssertionError("anna was not let in")
        await until(lambda: len(carol.roster.users) == 2, 10,
                    "anna in carol's roster")
        await talk(anna, carol)
        display("anna, an XMPP user (Prosody), sees", seen_by_anna(anna))
        display("carol, a SIP/MSRP user, sees", seen_by_carol(carol))
        print(flush=True)
        await anna.leave(ROOM)
        await carol.leave()
    finally:
        await anna.logout()
        carol.close()


def conversation(sip_port, c2s_port, password):
    """The exit status."""
    try:
        asyncio.get_event_loop().run_until_complete(
            run(sip_port, c2s_port, password))
    except Exception as e:  # pylint: disable=broad-except
        print("scripts/run: the conversation failed: %s: %s"
              % (type(e).__name__, e), file=sys.stderr)
        return 1
    return 0
