"""Converse.js in Chromium, on a page and over WebSockets of a real Prosody:
what its user sees, and what SIP users get of him."""

import asyncio
import json
import os
import urllib.parse

import cpim
from bed import USERS, Prosody, Stoxd, XmppBed, main, until
from browser import Browser
from npmpack import packages

PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Converse</title>
<link rel="stylesheet" href="dist/converse.min.css">
<body class="converse-fullscreen">
<script type="module">
import "./dist/converse.min.js";
window.WebSocket = class extends WebSocket {
	constructor(...args) {
		super(...args);
		window.connection = this; // for the test to cut
	}
};
const wanted = new URLSearchParams(location.search);
converse.initialize({
	authentication: "login", auto_login: true,
	jid: wanted.get("jid"), password: "secret",
	auto_join_rooms: [
		{ jid: wanted.get("room"), nick: wanted.get("nick") },
	],
	websocket_url: `ws://${location.host}/xmpp-websocket`,
	discover_connection_methods: false,
	assets_path: "/files/dist/", i18n: "en", view_mode: "fullscreen",
	muc_history_max_stanzas: 20,
	allow_url_history_change: false, persistent_store: "none",
	blacklisted_plugins: ["converse-omemo", "converse-notification"],
});
</script>
"""
# What the page shows: the conversation, the people with their badges, the
# topic, the line to type into.
MESSAGES = """[...document.querySelectorAll(".chat-msg")].map(e => [
	e.dataset.from,
	e.querySelector(".chat-msg__text")?.innerText.trim() ?? null])"""
TEXTS = """[...document.querySelectorAll(".chat-msg")].map(
	e => e.innerText.trim().split("\\n").slice(1))"""
PEOPLE = """Object.fromEntries([...document.querySelectorAll("li.occupant")]
	.map(e => [e.querySelector(".occupant-nick").innerText.trim(),
	[...e.querySelectorAll(".badge")].map(b => b.title).join(" ")]))"""
TOPIC = """document.querySelector(".chat-head__desc")?.innerText.trim()"""
LINE = "textarea.chat-textarea"


class ConverseTest(XmppBed):
    @classmethod
    def set_up_servers(cls):
        cls.need(Prosody, Browser)
        web = os.path.join(cls.folder, "web")
        os.mkdir(web)
        os.symlink(os.path.join(packages(), "node_modules/converse.js/dist"),
                   os.path.join(web, "dist"))
        with open(os.path.join(web, "page.html"), "w", encoding="utf-8") as f:
            f.write(PAGE)
        cls.server = cls.start(Prosody(cls.folder, USERS, Stoxd.SECRETS, web))
        domains = dict(Stoxd.DOMAINS)
        domains["siponly.test"] += "\n logged = true"
        cls.stoxd = cls.start(Stoxd(cls.folder, cls.server.component,
                                    domains=domains))
        asyncio.run(cls.wait_component())

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.browser = Browser(self.folder)

    async def asyncTearDown(self):
        await self.browser.close()
        await super().asyncTearDown()

    async def open(self, name, nick):
        """Logs in on the page, which joins this test's room."""
        await self.browser.open(
            "http://127.0.0.1:%d/files/page.html?%s" % (
                self.server.http, urllib.parse.urlencode({
                    "jid": name + "@x.test", "nick": nick,
                    "room": self.room})))

    async def shows(self, expression, want):
        await self.browser.wait(
            "JSON.stringify(%s) === JSON.stringify(%s)" % (
                expression, json.dumps(want)), what="%s, which is %s" % (
                    want, expression))

    async def people(self, **want):
        """In the order that Converse gives them: by role, then by name."""
        await self.shows(PEOPLE, want)

    async def messages(self, *want):
        await self.shows(MESSAGES, [[self.room + "/" + nick, text]
                                    for nick, text in want])

    async def click(self, selector):
        await self.browser.wait("(e => { e?.click(); return !!e; })"
                                "(document.querySelector(%s))"
                                % json.dumps(selector))

    async def type(self, text):
        await self.browser.type(LINE, text)

    async def test_guest(self):
        """X2S-16, X2S-21, X2S-37, X2S-44, X2S-48, NICK-10: a SIP user's room:
        what was said before, the people, messages both ways once each, topic,
        nicknames, and leaving."""
        alice = await self.sip_in("alice", "Alice")
        self.assertEqual(await alice.say("before you came"), 200)
        await self.open("romeo", "Romeo")
        # Converse registers the nickname of its user, who becomes a member.
        await self.people(Alice="Owner Moderator", Romeo="Member")
        await self.agree(["Alice", "Romeo"], sip=[alice])
        said = [("Alice", "before you came")]
        await self.messages(*said)
        self.assertEqual(await alice.say("welcome <b>& all\u2600</b>"), 200)
        said.append(("Alice", "welcome <b>& all\u2600</b>"))
        await self.messages(*said)
        await self.type("But soft, what <light>?")
        heard = await self.heard(alice, "But soft, what <light>?")
        self.assertEqual(heard.sender, self.uri + ";gr=Romeo")
        said.append(("Romeo", "But soft, what <light>?"))
        await self.messages(*said)
        entity = cpim.build(alice.aor, self.uri, b"",
                            headers=[("Subject", "Fair Verona")])
        self.assertEqual((await alice.call.msrp.send(entity)).status, 200)
        await self.shows(TOPIC, "Fair Verona")
        bob = await self.sip_in("bob", "Bob")
        await self.people(Alice="Owner Moderator", Bob="", Romeo="Member")
        self.assertEqual(await bob.nick("Robert"), 200)
        await self.people(Alice="Owner Moderator", Robert="", Romeo="Member")
        await bob.leave()
        await self.people(Alice="Owner Moderator", Romeo="Member")
        await self.type("/nick Montague")
        await self.people(Alice="Owner Moderator", Montague="Member")
        await self.agree(["Alice", "Montague"], sip=[alice])
        await self.messages(*said)
        await self.browser.close()
        await self.agree(["Alice"], sip=[alice])

    async def test_owner(self):
        """ADM-12, ADM-4, X2S-47, BODY-17: a room of his own, its topic, and a
        SIP user whose message he removes, and then himself."""
        await self.open("romeo", "Romeo")
        await self.people(Romeo="Owner Moderator")
        alice = await self.sip_in("alice", "Alice")
        await self.people(Romeo="Owner Moderator", Alice="")
        await self.type("/topic No shouting")
        await until(lambda: alice.roster.subject == "No shouting", 10,
                    "the topic at alice")
        await self.shows(TOPIC, "No shouting")
        self.assertEqual(await alice.say("HELLO"), 200)
        await self.messages(("Alice", "HELLO"))
        await self.click(".chat-msg__action-retract")
        await self.browser.type("form.confirm input[name=reason]", "too loud")
        await self.shows(TEXTS, [["Romeo has removed a message",
                                  "too loud"]])
        await until(lambda: any("removed by a moderator" in (n.text or "")
                                for n in alice.call.notices), 10,
                    lambda: "the notice at alice, who has %s" %
                    alice.call.notices)
        await self.type("/kick Alice too loud")
        bye = await until(lambda: alice.call.ended, 10, "a BYE")
        self.assertIn("too loud", bye.get("reason"))
        await self.people(Romeo="Owner Moderator")

    async def test_archive(self):
        """IQ-8: in a logged room Converse asks the archive for what was said,
        again after its stream was lost, and shows each message once."""
        self.room = self.room_name + "@siponly.test"
        alice = await self.sip_in("alice", "Alice", room="sip:" + self.room)
        said = [("Alice", "message %d" % i) for i in range(30)]
        for _, text in said:
            self.assertEqual(await alice.say(text), 200)
        await self.open("romeo", "Romeo")
        await self.messages(*said)
        self.assertEqual(await alice.say("live"), 200)
        said.append(("Alice", "live"))
        await self.messages(*said)
        await self.browser.script("connection.close()")
        self.assertEqual(await alice.say("meanwhile"), 200)
        said.append(("Alice", "meanwhile"))
        await self.messages(*said)
        await self.type("back again")
        await self.heard(alice, "back again")
        said.append(("Romeo", "back again"))
        await self.messages(*said)


if __name__ == "__main__":
    main()
