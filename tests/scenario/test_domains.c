/* Which domains people of either world get to, and how: by the configuration,
 * the DNS, and what the domain itself says (sections DNS and ADDR). */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "xmpp/stanza.h"

#define BASE                                                                   \
	"sip { listen = {\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\"}"      \
	" host = \"gh.test\" }\n"                                              \
	"domain \"rd.test\" { secret = \"x\" rooms = local lock = no }\n"      \
	"domain \"ud.test\" { secret = \"x\" users = foreign }\n"              \
	"domain \"s.test\" { secret = \"x\" users = sip }\n"

static int with(void **state, const char *more)
{
	char config[2048];
	struct scene *s;

	snprintf(config, sizeof(config), BASE "%s", more);
	*state = s = scene_new(config);
	s->dns->knows_all = false;
	return 0;
}

static int setup(void **state)
{
	return with(state, "domain \"*\" { rooms = discover }\n");
}

static int setup_closed(void **state)
{
	return with(state, "domain \"muc.test\" { rooms = xmpp }\n"
			   "domain \"conf.test\" { rooms = sip }\n");
}

static int setup_vectors(void **state)
{
	return with(state, "domain \"muc.x.test\" { rooms = xmpp }\n"
			   "domain \"x.test\" { rooms = xmpp }\n"
			   "domain \"b\xc3\xbc"
			   "cher.test\" { rooms = xmpp }\n"
			   "domain \"conf.test\" { rooms = sip\n"
			   " route = \"sip:10.0.0.9;transport=tcp\" }\n");
}

static int setup_lists(void **state)
{
	return with(
	    state,
	    "domain \"*\" { rooms = discover\n"
	    " allow-domains = {\"*.x.test\", \"B\xc3\x9c"
	    "CHER.test\"}\n"
	    " deny-domains = {\"bad.x.test\"} }\n"
	    "domain \"muc.test\" { rooms = xmpp allow = {\"@sip.test\"}\n"
	    " deny = {\"mallory@sip.test\"} }\n"
	    "domain \"conf.test\" { rooms = sip deny = {\"@evil.test\"}\n"
	    " route = \"sip:10.0.0.9;transport=tcp\" }\n"
	    "domain \"one.test\" { rooms = discover visitors = sip }\n"
	    "domain \"two.test\" { rooms = discover visitors = xmpp }\n");
}

static int setup_limits(void **state)
{
	return with(state, "limits { legs = 5 user-legs = 2 }\n"
			   "domain \"muc.test\" { rooms = xmpp max-legs = 3 }\n"
			   "domain \"conf.test\" { rooms = sip\n"
			   " route = \"sip:10.0.0.9;transport=tcp\" }\n");
}

/* --- records --- */

static void speaks_sip(struct scene *s, const char *domain)
{
	char name[128];

	snprintf(name, sizeof(name), "_sip._tcp.%s", domain);
	dns_server_srv(s->dns, name, 1, 1, 5070, "a.test");
	dns_server_srv(s->dns, name, 2, 1, 5080, "b.test");
	dns_server_host(s->dns, "a.test", "10.0.0.7");
	dns_server_host(s->dns, "a.test", "10.0.0.8");
	dns_server_host(s->dns, "b.test", "10.0.0.9");
}

static void speaks_xmpp(struct scene *s, const char *domain)
{
	char name[128];

	snprintf(name, sizeof(name), "_xmpp-server._tcp.%s", domain);
	dns_server_srv(s->dns, name, 1, 1, 5269, "h.test");
}

/* What the domain answers to the query that its records leave open. */
static void says(struct scene *s, const char *domain, const char *rest)
{
	const struct xnode *iq = xmpp_take(s, domain);

	assert_true(x_is(iq, "iq", NS_CLIENT));
	xmpp_put(s, "<iq from='%s' to='rd.test' id='%.*s' %s</iq>", domain,
		 STR_ARG(x_attr(iq, "id")), rest);
	scene_run(s, 10);
}

#define NOT_FOUND                                                              \
	"type='error'><error type='cancel'><remote-server-not-found "          \
	"xmlns='" NS_STANZAS "'/></error>"
#define CHAT_SERVICE                                                           \
	"type='result'><query xmlns='" NS_DISCO_INFO                           \
	"'><identity category='conference' type='text'/></query>"

/* --- SIP users --- */

static void calls(struct sip_user *u, struct scene *s, const char *name,
		  const char *uri)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_init(u, s, name, uri);
	m.new_dialog = true;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_CALL_ID] =
	    arena_printf(s->arena, "c%llu", (unsigned long long)m.req);
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(u, "");
	scene_sip_event(s, &m);
	scene_run(s, 10);
}

static int is_answered(struct scene *s)
{
	return scene_sip(s, PORT_ANSWER, NULL).status;
}

static int refused(struct scene *s, const char *name, const char *uri)
{
	struct sip_user u;
	int status;

	calls(&u, s, name, uri);
	status = is_answered(s);
	sip_user_done(&u);
	return status;
}

/* He is on his way into this MUC room, under this JID. */
static void enters(struct scene *s, const char *name, const char *uri,
		   const char *room, const char *jid)
{
	const struct xnode *iq;
	struct sip_user u;

	calls(&u, s, name, uri);
	assert_true(scene_sip_none(s, PORT_ANSWER, NULL));
	iq = xmpp_take(s, room);
	assert_true(x_is(iq, "iq", NS_CLIENT));
	if (!str_starts(x_attr(iq, "from"), str_z(jid)))
		fail_msg("from %.*s", STR_ARG(x_attr(iq, "from")));
	sip_user_done(&u);
}

/* --- XMPP users --- */

static void joins(struct scene *s, const char *jid, const char *room)
{
	xmpp_put(s,
		 "<presence from='%s' to='%s/nick' id='j'><x xmlns='" NS_MUC
		 "'/></presence>",
		 jid, room);
	scene_run(s, 10);
}

static void is_refused(struct scene *s, const char *jid, const char *type,
		       const char *condition)
{
	const struct xnode *p = xmpp_take(s, jid), *e;

	assert_true(str_eq(x_attr(p, "type"), STR("error")));
	e = x_child(p, "error", NULL);
	if (!str_eq(x_attr(e, "type"), str_z(type)) ||
	    !x_child(e, condition, NS_STANZAS))
		fail_msg("%.*s/%.*s, not %s/%s", STR_ARG(x_attr(e, "type")),
			 STR_ARG(x_child(e, NULL, NULL)->name), type,
			 condition);
}

static struct port_msg dials(struct scene *s, const char *uri,
			     const char *route)
{
	struct port_msg m = scene_sip(s, PORT_DIAL, NULL);

	if (!str_eq(m.f[PORT_F_RURI], str_z(uri)) ||
	    !str_eq(m.f[PORT_F_ROUTE], str_z(route)))
		fail_msg("%.*s by %.*s", STR_ARG(m.f[PORT_F_RURI]),
			 STR_ARG(m.f[PORT_F_ROUTE]));
	return m;
}

/* --- the tests --- */

/* DNS-1: what the configuration says is not asked; answers are remembered. */
static void test_order(void **state)
{
	struct scene *s = *state;
	unsigned asked;

	speaks_xmpp(s, "x.test");
	asked = s->dns->n_udp;
	assert_int_equal(refused(s, "al", "sip:r@s.test"), 404);
	assert_int_equal(s->dns->n_udp, asked);
	enters(s, "al", "sip:r@x.test", "r@x.test", "al\\40sip.test@ud.test/");
	assert_true(s->dns->n_udp > asked);
	asked = s->dns->n_udp;
	enters(s, "bo", "sip:q@x.test", "q@x.test", "bo\\40sip.test@ud.test/");
	assert_int_equal(s->dns->n_udp, asked);
}

/* DNS-2: SIP's records mean that the domain is not ours to reach. ADDR-12,
 * ADDR-13: who goes there, by his own domain's stream or by that of all others.
 */
static void test_sip_to_xmpp(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m = port_msg(PORT_REQUEST);

	speaks_xmpp(s, "x.test");
	speaks_sip(s, "f.test");
	speaks_sip(s, "both.test");
	speaks_xmpp(s, "both.test");
	enters(s, "al", "sip:r@x.test", "r@x.test", "al\\40sip.test@ud.test/");
	/* ADDR-29: by one of our names */
	enters(s, "bo", "sip:r%40x.test@gh.test", "r@x.test",
	       "bo\\40sip.test@ud.test/");
	enters(s, "bo", "sip:q%25x.test@rd.test", "q@x.test",
	       "bo\\40sip.test@ud.test/");
	assert_int_equal(refused(s, "al", "sip:r@f.test"), 404);
	assert_int_equal(refused(s, "al", "sip:r@both.test"), 404);
	/* ADDR-12: of a domain that is ours */
	sip_user_init(&u, s, "al", "sip:r@x.test");
	m.new_dialog = true;
	sip_user_request(&u, &m, "INVITE");
	m.f[PORT_F_FROM] = STR("<sip:romeo@S.test.>;tag=1");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "");
	scene_sip_event(s, &m);
	assert_true(str_starts(x_attr(xmpp_take(s, "r@x.test"), "from"),
			       STR("romeo@s.test/")));
	/* ADDR-13: a port of its own */
	m.req = ++s->ids;
	m.dlg = ++s->ids;
	m.f[PORT_F_FROM] = STR("<sip:romeo@f.test:5070>;tag=1");
	scene_sip_event(s, &m);
	assert_true(str_starts(x_attr(xmpp_take(s, "r@x.test"), "from"),
			       STR("romeo\\40f.test\\3a5070@ud.test/")));
	sip_user_done(&u);
}

/* DNS-3: RFC 3263 finds the server. ADDR-15: an XMPP user whose domain does not
 * route to us. DNS-7: the next target after 503, a transport error (503 too)
 * and silence, of which all but the last have little; another answer is the
 * outcome. */
static void test_xmpp_to_sip(void **state)
{
	struct scene *s = *state;
	struct port_msg m;

	speaks_sip(s, "conf.test");
	joins(s, "juliet@far.test/b", "r\\40conf.test@rd.test");
	m = dials(s, "sip:r@conf.test", "sip:10.0.0.7:5070;transport=tcp");
	assert_true(has(m.f[PORT_F_FROM], "<sip:juliet%40far.test@gh.test"));
	scene_sip_response(s, &m, 503);
	m = dials(s, "sip:r@conf.test", "sip:10.0.0.8:5070;transport=tcp");
	assert_int_equal(m.number[0], 5000);
	scene_sip_response(s, &m, 408);
	m = dials(s, "sip:r@conf.test", "sip:10.0.0.9:5080;transport=tcp");
	assert_int_equal(m.number[0], 0);
	assert_true(xmpp_none(s, "juliet@far.test/b"));
	scene_sip_response(s, &m, 403);
	is_refused(s, "juliet@far.test/b", "auth", "forbidden");
	joins(s, "juliet@far.test/b", "r%conf.test@rd.test");
	m = dials(s, "sip:r@conf.test", "sip:10.0.0.7:5070;transport=tcp");
	scene_sip_response(s, &m, 404);
	is_refused(s, "juliet@far.test/b", "cancel", "item-not-found");
	/* an XMPP domain needs no gateway */
	speaks_xmpp(s, "x.test");
	joins(s, "juliet@far.test/b", "r\\40x.test@rd.test");
	is_refused(s, "juliet@far.test/b", "cancel", "item-not-found");
}

/* DNS-4: an address alone is used for SIP, which was wanted first. DNS-5: `.`
 * means no. */
static void test_addresses(void **state)
{
	struct scene *s = *state;

	dns_server_host(s->dns, "host.test", "10.0.0.5");
	joins(s, "j@far.test/b", "r\\40host.test@rd.test");
	says(s, "host.test", NOT_FOUND);
	dials(s, "sip:r@host.test", "sip:10.0.0.5");
	dns_server_srv(s->dns, "_sip._udp.no.test", 0, 0, 0, "");
	dns_server_host(s->dns, "no.test", "10.0.0.5");
	joins(s, "k@far.test/b", "r\\40no.test@rd.test");
	says(s, "no.test", NOT_FOUND);
	is_refused(s, "k@far.test/b", "cancel", "remote-server-not-found");
}

/* DNS-8: RFC 3861's records come last. */
static void test_im(void **state)
{
	struct scene *s = *state;

	dns_server_srv(s->dns, "_im._xmpp.im.test", 1, 1, 5269, "h.test");
	enters(s, "al", "sip:r@im.test", "r@im.test", "al\\40sip.test@ud.test");
}

/* DNS-10: nothing there is 404, not known is 504, either way. */
static void test_nowhere(void **state)
{
	struct scene *s = *state;
	struct sip_user u;

	calls(&u, s, "al", "sip:r@none.test");
	says(s, "none.test", NOT_FOUND);
	assert_int_equal(is_answered(s), 404);
	sip_user_done(&u);
	joins(s, "j@far.test/b", "r\\40none.test@rd.test");
	is_refused(s, "j@far.test/b", "cancel", "remote-server-not-found");
	s->dns->status = 2; /* SERVFAIL */
	calls(&u, s, "al", "sip:r@dead.test");
	scene_run(s, 60000);
	assert_int_equal(is_answered(s), 504);
	sip_user_done(&u);
	xmpp_drop(s);
	joins(s, "j@far.test/b", "r\\40dead.test@rd.test");
	scene_run(s, 60000);
	says(s, "dead.test", NOT_FOUND); /* too late */
	is_refused(s, "j@far.test/b", "wait", "remote-server-timeout");
}

/* ERR-12: nobody waits for an answer while no stream is up. */
static void test_streams_down(void **state)
{
	static const char *const domains[] = {"s.test", "ud.test", "rd.test"};
	struct scene *s = *state;
	struct sip_user u;

	for (size_t i = 0; i < sizeof(domains) / sizeof(*domains); i++)
		core_link_down(&s->core, str_z(domains[i]));
	calls(&u, s, "al", "sip:r@muc.test");
	assert_int_equal(is_answered(s), 503);
	sip_user_done(&u);
	core_link_up(&s->core, STR("rd.test"), true);
	calls(&u, s, "al", "sip:r@muc.test");
	says(s, "muc.test", NOT_FOUND);
	assert_int_equal(is_answered(s), 404);
	sip_user_done(&u);
}

/* DNS-11: its own answer is proof. */
static void test_asked(void **state)
{
	struct scene *s = *state;
	struct sip_user u;

	calls(&u, s, "al", "sip:r@muc.test");
	says(s, "muc.test", CHAT_SERVICE);
	assert_true(x_is(xmpp_take(s, "r@muc.test"), "iq", NS_CLIENT));
	sip_user_done(&u);
	/* and remembered */
	enters(s, "bo", "sip:q@muc.test", "q@muc.test",
	       "bo\\40sip.test@ud.test/");
}

/* ADDR-23: U-labels for XMPP, A-labels for SIP and the DNS, both ways. */
static void test_idn(void **state)
{
	struct scene *s = *state;
	struct port_msg m;

	speaks_xmpp(s, "xn--bcher-kva.test");
	enters(s, "al", "sip:r@xn--bcher-kva.test",
	       "r@b\xc3\xbc"
	       "cher.test",
	       "al\\40sip.test@ud.test/");
	speaks_sip(s, "xn--mnchen-3ya.test");
	joins(s,
	      "j@b\xc3\xbc"
	      "cher.test/b",
	      "r\\40M\xc3\xbc"
	      "nchen.test@rd.test");
	m = dials(s, "sip:r@xn--mnchen-3ya.test",
		  "sip:10.0.0.7:5070;transport=tcp");
	assert_true(
	    has(m.f[PORT_F_FROM], "<sip:j%40xn--bcher-kva.test@gh.test"));
	assert_int_equal(refused(s, "al", "sip:r@xn--a.test"), 404);
}

/* The SIP side of section 15.1 as users who enter a MUC. */
static void test_vectors_from_sip(void **state)
{
	static const struct {
		const char *uri, *jid; /* bare; NULL: he is refused */
		int status;
	} rows[] = {
	    {"sip:Romeo@S.test.", "romeo@s.test", 0},
	    {"sip:o'malley@s.test", "o\\27malley@s.test", 0},
	    {"sip:m&m@s.test", "m\\26m@s.test", 0},
	    {"sip:a%20b@s.test", "a\\20b@s.test", 0},
	    {"sip:%20ab@s.test", NULL, 403},
	    {"sip:%22joe%22@s.test", "\\22joe\\22@s.test", 0},
	    {"sip:a:secret@s.test", "a@s.test", 0},
	    {"sip:%3Cx%3E@s.test", "\\3cx\\3e@s.test", 0},
	    {"sip:a%40b@s.test", "a\\40b@s.test", 0},
	    {"sip:%5C27x@s.test", "\\5c27x@s.test", 0},
	    {"sip:%5C5commas@s.test", "\\5c5commas@s.test", 0},
	    {"sip:x%5C41y@s.test", "x\\41y@s.test", 0},
	    {"sip:x%5C2Fy@s.test", "x\\5c2fy@s.test", 0},
	    {"sip:a%EF%BC%A0b@s.test", NULL, 403},
	    {"sip:100%25@s.test", "100%@s.test", 0},
	    {"sip:%F0%9F%98%80@s.test", NULL, 403},
	    {"sip:romeo@f.test", "romeo\\40f.test@ud.test", 0},
	    {"sip:a%40b@f.test", "a\\40b\\40f.test@ud.test", 0},
	    {"sip:romeo@f.test:5070", "romeo\\40f.test\\3a5070@ud.test", 0},
	    {"sip:x@xn--bcher-kva.test",
	     "x@b\xc3\xbc"
	     "cher.test",
	     403},
	    {"sip:u@[2001:db8::1]", "u\\40[2001\\3adb8\\3a\\3a1]@ud.test", 0},
	};
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_init(&u, s, "x", "sip:r@muc.x.test");
	m.new_dialog = true;
	sip_user_request(&u, &m, "INVITE");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str from;

		m.dlg = ++s->ids;
		m.req = ++s->ids;
		m.f[PORT_F_RURI] =
		    arena_printf(s->arena, "sip:r%zu@muc.x.test", i);
		m.f[PORT_F_TO] =
		    arena_printf(s->arena, "<sip:r%zu@muc.x.test>", i);
		m.f[PORT_F_FROM] =
		    arena_printf(s->arena, "<%s>;tag=1", rows[i].uri);
		m.f[PORT_F_CALL_ID] = arena_printf(s->arena, "v%zu", i);
		scene_sip_event(s, &m);
		scene_run(s, 10);
		if (rows[i].status) {
			if (scene_sip_none(s, PORT_ANSWER, NULL))
				fail_msg("%s is let in", rows[i].uri);
			assert_int_equal(is_answered(s), rows[i].status);
			continue;
		}
		if (!scene_sip_none(s, PORT_ANSWER, NULL))
			fail_msg("%s is refused", rows[i].uri);
		from = x_attr(
		    xmpp_take(s,
			      arena_printf(s->arena, "r%zu@muc.x.test", i).p),
		    "from");
		from = str_split(&from, '/');
		if (!str_eq(from, str_z(rows[i].jid)))
			fail_msg("%s is %.*s", rows[i].uri, STR_ARG(from));
	}
	sip_user_done(&u);
}

/* Its XMPP side as users who enter a SIP conference. */
static void test_vectors_from_xmpp(void **state)
{
	static const struct {
		const char *jid, *uri; /* NULL: he is refused */
	} rows[] = {
	    {"m\\26m@x.test/1", "<sip:m&m@x.test"},
	    {"a\\40b@x.test/1", "<sip:a%40b@x.test"},
	    {"\\20ab@x.test/1", NULL},
	    {"c\\3a\\5c5commas@x.test/1", "<sip:c%3A%5C5commas@x.test"},
	    {"foo\\bar@x.test/1", "<sip:foo%5Cbar@x.test"},
	    {"\\5c27x@x.test/1", "<sip:%5C27x@x.test"},
	    {"a#b%c@x.test/1", "<sip:a%23b%25c@x.test"},
	    {"a[b]^`{|}@x.test/1", "<sip:a%5Bb%5D%5E%60%7B%7C%7D@x.test"},
	    {"tsch\xc3\xbcss@b\xc3\xbc"
	     "cher.test/1",
	     "<sip:tsch%C3%BCss@xn--bcher-kva.test"},
	    {"juliet@x.test/b\xc3\xa4lcony 1",
	     "<sip:juliet@x.test;gr=b%C3%A4lcony%201>"},
	    {"juliet@x.test/a@b;c=d?e",
	     "<sip:juliet@x.test;gr=a%40b%3Bc%3Dd%3Fe>"},
	    {"juliet@x.test/[x]:y", "<sip:juliet@x.test;gr=[x]:y>"},
	    {"j@far.test/1", "<sip:j%40far.test@gh.test;gr=1>"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char room[64];
		struct port_msg m;

		snprintf(room, sizeof(room), "r%zu\\40conf.test@rd.test", i);
		joins(s, rows[i].jid, room);
		if (!rows[i].uri) {
			is_refused(s, rows[i].jid, "modify", "jid-malformed");
			continue;
		}
		m = scene_sip(s, PORT_DIAL, NULL);
		if (!has(m.f[PORT_F_FROM], rows[i].uri))
			fail_msg("%s is %.*s", rows[i].jid,
				 STR_ARG(m.f[PORT_F_FROM]));
	}
}

/* ADDR-28: a room of ours is served here however it is written. */
static void test_own_room(void **state)
{
	struct scene *s = *state;
	const struct xnode *p;
	struct sip_user u;

	sip_user_join(&u, s, "al", "sip:r%40rd.test@gh.test", "a=chatroom\r\n");
	assert_int_equal(msrp_say(&u, "sip:r%40rd.test@gh.test", "a"), 200);
	assert_int_equal(msrp_say(&u, "sip:r@rd.test", "b"), 200);
	assert_int_equal(msrp_say(&u, "sip:r2@rd.test", "c"), 404);
	joins(s, "j@far.test/b", "r\\40rd.test@rd.test");
	p = xmpp_take(s, "j@far.test/b");
	assert_false(str_eq(x_attr(p, "type"), STR("error")));
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	sip_user_done(&u);
}

static int status_of(struct scene *s, struct port_msg *m, const char *ruri,
		     const char *from, const char *headers)
{
	m->dlg = ++s->ids;
	m->req = ++s->ids;
	m->f[PORT_F_RURI] = str_z(ruri);
	m->f[PORT_F_TO] = arena_printf(s->arena, "<%s>", ruri);
	m->f[PORT_F_FROM] = str_z(from);
	m->f[PORT_F_HEADERS] = str_z(headers);
	scene_sip_event(s, m);
	scene_run(s, 10);
	return scene_sip_none(s, PORT_ANSWER, NULL)
		   ? 0
		   : scene_sip(s, PORT_ANSWER, NULL).status;
}

#define AL "<sip:al@sip.test>;tag=1"

/* ADDR-28: Max-Forwards, and users of ours who come back, by which way ever.
 * ADDR-22: sips: is never translated. */
static void test_loops(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST), a;
	struct sip_user u;

	speaks_xmpp(s, "x.test");
	speaks_sip(s, "conf.test");
	sip_user_init(&u, s, "al", "sip:r@x.test");
	m.new_dialog = true;
	sip_user_request(&u, &m, "INVITE");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "");
	assert_int_equal(
	    status_of(s, &m, "sip:r@x.test", AL, "Max-Forwards: 0\r\n"), 483);
	/* to a room here it has come far enough */
	assert_int_equal(
	    status_of(s, &m, "sip:r@rd.test", AL, "Max-Forwards: 0\r\n"), 200);
	assert_int_equal(
	    status_of(s, &m, "sip:r@x.test", AL, "Max-Forwards: 1\r\n"), 0);
	assert_int_equal(status_of(s, &m, "sip:r@x.test",
				   "<sip:j%40far.test@gh.test>;tag=1", ""),
			 482);
	m.dlg = ++s->ids;
	m.req = ++s->ids;
	m.f[PORT_F_RURI] = STR("sips:r@x.test");
	m.f[PORT_F_FROM] = STR(AL);
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 480);
	assert_true(has(a.f[PORT_F_HEADERS], "Warning: 380 "));
	assert_int_equal(status_of(s, &m, "sips:r@rd.test", AL, ""), 200);
	sip_user_done(&u);

	/* by way of another gateway, or one of our own proxies */
	joins(s, "j\\40far.test\\40gh.test@ud.other.test/b",
	      "r\\40conf.test@rd.test");
	is_refused(s, "j\\40far.test\\40gh.test@ud.other.test/b", "modify",
		   "not-acceptable");
	joins(s, "al\\40sip.test@ud.test/b", "r\\40conf.test@rd.test");
	is_refused(s, "al\\40sip.test@ud.test/b", "modify", "not-acceptable");
	/* the INVITE has come back to us */
	joins(s, "j@far.test/b", "r\\40conf.test@rd.test");
	m = dials(s, "sip:r@conf.test", "sip:10.0.0.7:5070;transport=tcp");
	scene_sip_response(s, &m, 482);
	is_refused(s, "j@far.test/b", "modify", "not-acceptable");
}

/* Only configured domains are reachable, unless "*" opens the rest. */
static void test_closed(void **state)
{
	struct scene *s = *state;

	speaks_xmpp(s, "x.test");
	speaks_sip(s, "f.test");
	assert_int_equal(refused(s, "al", "sip:r@x.test"), 404);
	joins(s, "j@far.test/b", "r\\40f.test@rd.test");
	is_refused(s, "j@far.test/b", "cancel", "item-not-found");
	assert_int_equal(s->dns->n_udp, 0);
	enters(s, "al", "sip:r@muc.test", "r@muc.test", "al\\40sip.test@");
	assert_int_equal(s->dns->n_udp, 0);
	assert_int_equal(refused(s, "al", "sip:r@conf.test"), 404);
}

static void test_lists(void **state)
{
	struct scene *s = *state;

	speaks_xmpp(s, "muc.x.test");
	speaks_xmpp(s, "bad.x.test");
	speaks_xmpp(s, "x.test");
	speaks_xmpp(s, "xn--bcher-kva.test");
	enters(s, "al", "sip:r@muc.x.test", "r@muc.x.test", "al\\40sip.test@");
	enters(s, "al", "sip:r@xn--bcher-kva.test",
	       "r@b\xc3\xbc"
	       "cher.test",
	       "al\\40sip.test@");
	assert_int_equal(refused(s, "al", "sip:r@bad.x.test"), 404);
	assert_int_equal(refused(s, "al", "sip:r@x.test"), 404);
	assert_int_equal(refused(s, "al", "sip:r@y.test"), 404);
	/* by whom */
	enters(s, "al", "sip:r@muc.test", "r@muc.test", "al\\40sip.test@");
	assert_int_equal(refused(s, "mallory", "sip:r@muc.test"), 403);
	joins(s, "eve@evil.test/b", "r\\40conf.test@rd.test");
	is_refused(s, "eve@evil.test/b", "auth", "forbidden");
	joins(s, "j@far.test/b", "r\\40conf.test@rd.test");
	scene_sip(s, PORT_DIAL, NULL);
	/* by which side; nobody is asked in vain */
	speaks_xmpp(s, "one.test");
	speaks_xmpp(s, "two.test");
	speaks_sip(s, "one.test");
	assert_int_equal(refused(s, "al", "sip:r@two.test"), 403);
	joins(s, "j@far.test/b", "r\\40one.test@rd.test");
	is_refused(s, "j@far.test/b", "auth", "forbidden");
}

/* ERR-12: how many rooms elsewhere at a time: of a user, of a domain, of all.
 * Who has left makes room. */
static void test_limits(void **state)
{
	struct scene *s = *state;
	struct sip_user first;
	struct port_msg m;

	/* one user, whatever his client's name is */
	joins(s, "z@far.test/1", "r\\40conf.test@rd.test");
	joins(s, "z@far.test/2", "q\\40conf.test@rd.test");
	joins(s, "z@far.test/3", "p\\40conf.test@rd.test");
	is_refused(s, "z@far.test/3", "wait", "resource-constraint");
	for (int i = 0; i < 2; i++) {
		m = scene_sip(s, PORT_DIAL, NULL);
		scene_sip_response(s, &m, 403);
	}
	calls(&first, s, "al", "sip:r@muc.test");
	xmpp_take(s, "r@muc.test");
	enters(s, "al", "sip:q@muc.test", "q@muc.test", "al\\40sip.test@");
	sip_user_done(&first);
	calls(&first, s, "al", "sip:p@muc.test");
	m = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(m.status, 503);
	assert_true(has(m.f[PORT_F_HEADERS], "Retry-After: "));
	enters(s, "bo", "sip:r@muc.test", "r@muc.test", "bo\\40sip.test@");
	assert_int_equal(refused(s, "cy", "sip:r@muc.test"), 503);
	joins(s, "j@far.test/b", "r\\40conf.test@rd.test");
	m = scene_sip(s, PORT_DIAL, NULL);
	joins(s, "k@far.test/b", "r\\40conf.test@rd.test");
	scene_sip(s, PORT_DIAL, NULL);
	joins(s, "l@far.test/b", "r\\40conf.test@rd.test");
	is_refused(s, "l@far.test/b", "wait", "resource-constraint");
	scene_sip_response(s, &m, 403);
	scene_run(s, 10);
	joins(s, "l@far.test/b", "r\\40conf.test@rd.test");
	scene_sip(s, PORT_DIAL, NULL);
	sip_user_done(&first);
}

int main(void)
{
#define T(f, up) cmocka_unit_test_setup_teardown(f, up, scene_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_order, setup),
	    T(test_sip_to_xmpp, setup),
	    T(test_xmpp_to_sip, setup),
	    T(test_addresses, setup),
	    T(test_im, setup),
	    T(test_nowhere, setup),
	    T(test_asked, setup),
	    T(test_streams_down, setup),
	    T(test_idn, setup),
	    T(test_own_room, setup),
	    T(test_loops, setup),
	    T(test_closed, setup_closed),
	    T(test_lists, setup_lists),
	    T(test_limits, setup_limits),
	    T(test_vectors_from_sip, setup_vectors),
	    T(test_vectors_from_xmpp, setup_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
