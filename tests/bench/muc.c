#include "tests/bench/muc.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/daemon.h"

#define STANZA_MAX 20000

static const char ns_user[] = "http://jabber.org/protocol/muc#user";

void muc_open(struct muc *m, int listener, unsigned guests)
{
	component_accept(&m->link, listener);
	m->n = guests;
	m->inside = 0;
	m->guests = calloc(guests, sizeof(*m->guests));
	if (!m->guests)
		err(1, "memory");
}

void muc_close(struct muc *m)
{
	component_close(&m->link);
	for (unsigned i = 0; i < m->n; i++) {
		free(m->guests[i].jid);
		free(m->guests[i].nick);
	}
	free(m->guests);
}

static void set(char **to, struct str s)
{
	free(*to);
	*to = strndup(s.p, s.n);
	if (!*to)
		err(1, "memory");
}

/* uN@bench.example/.. */
static unsigned guest_of(const struct muc *m, struct str jid)
{
	struct str rest = str_from(jid, 1);
	uint64_t n;

	if (!str_starts(jid, STR("u")) ||
	    str_u64(str_split(&rest, '@'), m->n - 1, &n) < 0)
		errx(1, "MUC: a stanza of %.*s", STR_ARG(jid));
	return (unsigned)n;
}

static unsigned room_of(struct str to)
{
	struct str rest = str_from(to, strlen(BENCH_ROOM));
	uint64_t n;

	if (!str_starts(to, STR(BENCH_ROOM)) ||
	    str_u64(str_split(&rest, '@'), UINT32_MAX, &n) < 0)
		errx(1, "MUC: a stanza to %.*s", STR_ARG(to));
	return (unsigned)n;
}

static void present(struct muc *m, const struct muc_guest *g, const char *nick,
		    const char *more)
{
	char text[STANZA_MAX];
	int n = snprintf(text, sizeof(text),
			 "<presence from='" BENCH_ROOM "%u@" BENCH_DOMAIN
			 "/%s' to='%s'><x xmlns='%s'><item affiliation='none' "
			 "role='participant'/>%s</x></presence>",
			 g->room, nick, g->jid, ns_user, more);

	component_send(&m->link, text, (size_t)n);
}

static void admit(struct muc *m, struct muc_guest *g)
{
	char text[STANZA_MAX], nick[40];
	int n;

	for (unsigned i = 0; i < m->roster; i++) {
		snprintf(nick, sizeof(nick), "Occupant %u", i);
		present(m, g, nick, "");
	}
	present(m, g, g->nick, "<status code='110'/>");
	n = snprintf(text, sizeof(text),
		     "<message from='" BENCH_ROOM "%u@" BENCH_DOMAIN
		     "' to='%s' type='groupchat'><subject/></message>",
		     g->room, g->jid);
	component_send(&m->link, text, (size_t)n);
	m->inside++;
}

static void on_presence(struct muc *m, struct str text)
{
	struct str to = component_attr(text, "to");
	struct str from = component_attr(text, "from");
	struct muc_guest *g = &m->guests[guest_of(m, from)];

	if (component_attr(text, "type").n) { /* it is of no use to answer */
		m->inside--;
		return;
	}
	set(&g->jid, from);
	set(&g->nick, str_after(to, '/'));
	g->room = room_of(to);
	admit(m, g);
}

static void on_query(struct muc *m, struct str text)
{
	struct str type = component_attr(text, "type");
	char out[STANZA_MAX];
	int n;

	if (!str_eq(type, STR("get")))
		errx(1, "MUC: got %.*s", STR_ARG(text));
	n = snprintf(out, sizeof(out),
		     "<iq from='%.*s' to='%.*s' type='result' id='%.*s'>",
		     STR_ARG(component_attr(text, "to")),
		     STR_ARG(component_attr(text, "from")),
		     STR_ARG(component_attr(text, "id")));
	if (memmem(text.p, text.n, "disco#info", 10))
		n += sprintf(
		    out + n,
		    "<query xmlns='http://jabber.org/protocol/disco#info'>"
		    "<identity category='conference' type='text'/>"
		    "<feature var='http://jabber.org/protocol/muc#stable_id'/>"
		    "</query>");
	n += sprintf(out + n, "</iq>");
	component_send(&m->link, out, (size_t)n);
}

/* To everybody in the room: what the stanza holds, from this nickname. */
static void spread(struct muc *m, unsigned room, const char *nick,
		   struct str id, struct str inside)
{
	static char out[1 << 20];
	size_t n = 0;

	for (unsigned i = 0; i < m->n; i++) {
		const struct muc_guest *g = &m->guests[i];

		if (!g->jid || g->room != room)
			continue;
		if (n + inside.n + 1000 > sizeof(out)) {
			component_send(&m->link, out, n);
			n = 0;
		}
		n += (size_t)sprintf(
		    out + n,
		    "<message from='" BENCH_ROOM "%u@" BENCH_DOMAIN
		    "/%s' to='%s' type='groupchat' id='%.*s'>%.*s</message>",
		    room, nick, g->jid, STR_ARG(id), STR_ARG(inside));
	}
	component_send(&m->link, out, n);
}

static void on_message(struct muc *m, struct str text)
{
	unsigned guest = guest_of(m, component_attr(text, "from"));
	struct str inside = str_from(text, (size_t)str_find(text, '>') + 1);
	struct str body = inside;

	if (!str_eq(component_attr(text, "type"), STR("groupchat")))
		errx(1, "MUC: got %.*s", STR_ARG(text));
	inside.n -= strlen("</message>");
	if (str_starts(body, STR("<body>")))
		body = str_from(body, strlen("<body>"));
	m->said(m->user, guest, body);
	spread(m, m->guests[guest].room, m->guests[guest].nick,
	       component_attr(text, "id"), inside);
}

static void on_stanza(void *user, struct str text)
{
	struct muc *m = user;

	if (str_starts(text, STR("<presence")))
		on_presence(m, text);
	else if (str_starts(text, STR("<message")))
		on_message(m, text);
	else
		on_query(m, text);
}

void muc_read(struct muc *m)
{
	component_read(&m->link, on_stanza, m);
}

void muc_say(struct muc *m, unsigned room, const char *id, const char *body)
{
	spread(m, room, "Occupant 0", str_z(id), str_z(body));
}
