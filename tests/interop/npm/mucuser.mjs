// A MUC user of @xmpp/client, led over pipes:
//
//	node mucuser.mjs PACKAGES SERVICE DOMAIN USER PASSWORD
//
// PACKAGES is the folder with node_modules. Each line that comes in is a
// command {ref, op, args}, answered by {ref, value} or {ref, error}; what the
// library hands out is told as {presence} or {message}.

import { webcrypto } from "node:crypto";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

globalThis.crypto ??= webcrypto; // which the library wants, node 18 lacks

const [packages, service, domain, username, password] = process.argv.slice(2);
const find = createRequire(packages + "/");
const { client, jid, xml } = await import(find.resolve("@xmpp/client"));

const MUC = "http://jabber.org/protocol/muc";
const DATA = "jabber:x:data";
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

const xmpp = client({ service, domain, username, password, resource: "node" });
const { iqCaller } = xmpp;

function tell(value) {
	process.stdout.write(JSON.stringify(value) + "\n");
}

function condition(stanza) {
	const error = stanza.getChild("error");
	const found = error?.getChildElements().find(
		(e) => e.attrs.xmlns === STANZAS && e.name !== "text");
	return found?.name ?? null;
}

function onPresence(stanza, room, nick) {
	const x = stanza.getChild("x", MUC + "#user");
	const item = x?.getChild("item");
	tell({ presence: {
		room, nick, type: stanza.attrs.type ?? null,
		affiliation: item?.attrs.affiliation, role: item?.attrs.role,
		newNick: item?.attrs.nick,
		reason: item?.getChildText("reason") ?? null,
		codes: x?.getChildren("status").map((s) => Number(s.attrs.code)) ?? [],
		error: condition(stanza),
	} });
}

function onMessage(stanza, room, nick) {
	tell({ message: {
		room, nick, type: stanza.attrs.type ?? "normal",
		id: stanza.attrs.id, body: stanza.getChildText("body"),
		subject: stanza.getChildText("subject"),
		delayed: stanza.getChild("delay", "urn:xmpp:delay") !== undefined,
		stanzaId: stanza.getChild("stanza-id", "urn:xmpp:sid:0")?.attrs.id,
	} });
}

xmpp.on("stanza", (stanza) => {
	if (!stanza.attrs.from)
		return;
	const from = jid(stanza.attrs.from);
	const [room, nick] = [from.bare().toString(), from.getResource()];
	if (stanza.is("presence"))
		onPresence(stanza, room, nick);
	else if (stanza.is("message"))
		onMessage(stanza, room, nick);
});
xmpp.on("error", (error) => tell({ problem: String(error) }));

async function form(room) {
	const query = await iqCaller.get(xml("query", MUC + "#owner"), room);
	return query.getChild("x", DATA);
}

function changed(field, values) {
	const name = field.attrs.var.replace("muc#roomconfig_", "");
	const texts = name in values ? [values[name]] : field.getChildren("value")
		.map((value) => value.text());
	return xml("field", { var: field.attrs.var },
		...texts.map((text) => xml("value", {}, text)));
}

const commands = {
	join(room, nick, history) {
		const x = xml("x", MUC);
		if (history !== null)
			x.append(xml("history", { maxstanzas: history }));
		return xmpp.send(xml("presence", { to: room + "/" + nick }, x));
	},
	leave(room, nick) {
		return xmpp.send(xml("presence",
			{ to: room + "/" + nick, type: "unavailable" }));
	},
	changeNick(room, nick) {
		return xmpp.send(xml("presence", { to: room + "/" + nick }));
	},
	say(room, id, text) {
		return xmpp.send(xml("message", { to: room, type: "groupchat", id },
			xml("body", {}, text)));
	},
	whisper(room, nick, text) {
		return xmpp.send(xml("message",
			{ to: room + "/" + nick, type: "chat" },
			xml("body", {}, text), xml("x", MUC + "#user")));
	},
	setSubject(room, text) {
		return xmpp.send(xml("message", { to: room, type: "groupchat" },
			xml("subject", {}, text)));
	},
	async config(room) {
		const fields = (await form(room)).getChildren("field");
		return Object.fromEntries(fields.filter((f) => f.attrs.var).map(
			(f) => [f.attrs.var, f.getChildText("value")]));
	},
	async configure(room, values) {
		const fields = (await form(room)).getChildren("field")
			.filter((f) => f.attrs.var);
		await iqCaller.set(xml("query", MUC + "#owner",
			xml("x", { xmlns: DATA, type: "submit" },
				...fields.map((f) => changed(f, values)))), room);
	},
	async kick(room, nick, reason) {
		await iqCaller.set(xml("query", MUC + "#admin",
			xml("item", { nick, role: "none" },
				xml("reason", {}, reason))), room);
	},
	stop() {
		return xmpp.stop();
	},
};

async function obey({ ref, op, args }) {
	try {
		tell({ ref, value: await commands[op](...args) ?? null });
	} catch (error) {
		tell({ ref, error: error.condition ?? String(error) });
	}
}

await xmpp.start();
await xmpp.send(xml("presence"));
tell({ online: xmpp.jid.toString() });
for await (const line of createInterface({ input: process.stdin }))
	obey(JSON.parse(line));
await xmpp.stop();
process.exit(0);
