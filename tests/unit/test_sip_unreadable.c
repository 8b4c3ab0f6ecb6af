/* Requests and responses that can't be read, over a connection that others use
 * (a proxy's): the connection stays, and whoever can be answered is. */
#include "tests/unit/sip_bed.h"

struct line {
	const char *name, *value; /* NULL: without this header */
};

static unsigned count;

static const char *value_in(const struct line *bad, const char *name,
			    const char *good)
{
	return bad->name && strcmp(bad->name, name) == 0 ? bad->value : good;
}

static void add(struct buf *b, const char *name, const char *value)
{
	if (value)
		buf_addf(b, "%s: %s\r\n", name, value);
}

/* An INVITE with one header as given, or with another one. */
static void put_invite(struct buf *b, struct peer *p, struct line bad)
{
	static const char *const known[] = {"Via",     "From", "To",
					    "Call-ID", "CSeq", "Contact"};
	char self[ADDR_TEXT_MAX], via[128], from[64], id[32];
	bool other = true;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		other = other && strcmp(bad.name, known[i]) != 0;
	count++;
	snprintf(via, sizeof via, "SIP/2.0/%s %s;branch=z9hG4bKbad%u",
		 p->tcp ? "TCP" : "UDP", addr_text(&p->self, self), count);
	snprintf(from, sizeof from, "<sip:a@example.org>;tag=%u", count);
	snprintf(id, sizeof id, "bad%u", count);
	buf_addz(b, "INVITE sip:room@127.0.0.1 SIP/2.0\r\n");
	add(b, "Via", value_in(&bad, "Via", via));
	add(b, "From", value_in(&bad, "From", from));
	add(b, "To", value_in(&bad, "To", "<sip:room@127.0.0.1>"));
	add(b, "Call-ID", value_in(&bad, "Call-ID", id));
	add(b, "CSeq", value_in(&bad, "CSeq", "1 INVITE"));
	add(b, "Contact", value_in(&bad, "Contact", "<sip:a@127.0.0.1>"));
	if (other)
		add(b, bad.name, bad.value);
	buf_addz(b, "Content-Length: 0\r\n\r\n");
}

static void say_invite(struct peer *p, struct line bad)
{
	struct buf b = BUF_INIT(65536);

	put_invite(&b, p, bad);
	peer_say(p, buf_str(&b));
	buf_done(&b);
}

/* Another user's request over the same connection. */
static void is_alive(struct peer *p)
{
	char id[32];
	const struct port_msg *m;
	struct call c = {p, id, "ft", ""};

	snprintf(id, sizeof id, "alive%u", ++count);
	call_say(&c, "OPTIONS", 1, NULL, NULL);
	m = core_asked(p->bed, "OPTIONS");
	assert_true(str_eq(m->f[PORT_F_CALL_ID], str_z(id)));
	core_answer(p->bed, m, 200, NULL, NULL);
	assert_string_equal(
	    header(peer_hears_start(p, "SIP/2.0 200"), "Call-ID"), id);
}

static const struct named {
	struct line bad;
	const char *answer;
} named[] = {
    {{"From", "\"A <sip:a@example.org>;tag=1"}, "400 Bad From"},
    {{"From", "<>"}, "400 Bad From"},
    {{"From", NULL}, "400 Missing From"},
    {{"From", "a\r\nFrom: <sip:b@example.org>;tag=2"}, "400 Bad From"},
    {{"To", "\"<sip:room@127.0.0.1>"}, "400 Bad To"},
    {{"To", NULL}, "400 Missing To"},
    {{"Call-ID", ""}, "400 Bad Call-ID"},
    {{"Call-ID", "no word"}, "400 Bad Call-ID"},
    {{"Call-ID", NULL}, "400 Missing Call-ID"},
    {{"Call-ID", "one\r\nCall-ID: two"}, "400 Bad Call-ID"},
    {{"CSeq", "one INVITE"}, "400 Bad CSeq"},
    {{"CSeq", "4294967296 INVITE"}, "400 Bad CSeq"},
    {{"CSeq", "1 BYE"}, "400 Bad CSeq"},
    {{"CSeq", NULL}, "400 Missing CSeq"},
    {{"Max-Forwards", "many"}, "400 Bad Max-Forwards"},
    {{"Contact", "\"x <sip:a@127.0.0.1>"}, "400 Bad Contact"},
    {{"Contact", NULL}, "400 Missing Contact"},
    {{"Record-Route", "<<sip:a@127.0.0.1"}, "400 Bad Record-Route"},
    {{"l", "0"}, "400 Bad Content-Length"}, /* twice, but the same */
    {{"Content-Type", "///"}, "400 Bad Content-Type"},
    {{"Session-Expires", "soon"}, "400 Bad Session-Expires"},
    {{"Expires", "\"never"}, "400 Bad Expires"},
    {{"Replaces", ";;;"}, "400 Bad Replaces"},
};

/* SIP-3: 400 names the header; others' requests over the connection are
 * answered as ever. */
static void names_the_header(struct bed *b, bool tcp)
{
	struct peer p;

	peer_open(&p, b, tcp);
	for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
		char want[80];
		say_invite(&p, named[i].bad);
		snprintf(want, sizeof want, "SIP/2.0 %s\r\n", named[i].answer);
		peer_hears_start(&p, want);
		is_alive(&p);
	}
	peer_close(&p);
}

static void names_the_header_over_tcp(void **state)
{
	names_the_header(*state, true);
}

static void names_the_header_over_udp(void **state)
{
	names_the_header(*state, false);
}

/* What isn't needed to process a request may be unreadable (RFC 3261 §8.2.2).
 */
static void ignores_what_it_does_not_need(void **state)
{
	static const struct line bad[] = {
	    {"Date", "yesterday"},
	    {"Timestamp", "x"},
	    {"Call-Info", "<"},
	    {"Retry-After", "\""},
	};
	struct peer p;
	const struct port_msg *m;

	peer_open(&p, *state, true);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		say_invite(&p, bad[i]);
		m = core_asked(*state, "INVITE");
		core_answer(*state, m, 486, NULL, NULL);
		peer_hears_start(&p, "SIP/2.0 486");
	}
	peer_close(&p);
}

/* The frame of each of these can be found, but nobody be answered. */
static const char *const mute[] = {
    "INVITE sip:room@127.0.0.1 SIP/2.0\r\nContent-Length: 0\r\n\r\n",
    "INVITE sip:room@127.0.0.1 SIP/2.0\r\nVia: nonsense\r\n"
    "From: <sip:a@example.org>;tag=1\r\nTo: <sip:room@127.0.0.1>\r\n"
    "Call-ID: m1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
    /* the response would go where the second leads */
    "INVITE sip:room@127.0.0.1 SIP/2.0\r\nVia: nonsense\r\n"
    "Via: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKm2\r\n"
    "From: <sip:a@example.org>;tag=1\r\nTo: <sip:room@127.0.0.1>\r\n"
    "Call-ID: m2\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
    "ACK sip:room@127.0.0.1 SIP/2.0\r\nContent-Length: 4\r\n\r\nbody",
    "SIP/2.0 two hundred\r\nContent-Length: 0\r\n\r\n",
    "SIP/2.0 200 OK\r\nVia: nonsense\r\nContent-Length: 3\r\n\r\nabc",
    "SIP/7.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "hello\r\nContent-Length: 5\r\n\r\nworld",
    "@@@@ /\r\nl: 0\r\n\r\n",
    "\x01\x02\r\nl: 0\r\n\r\n",
};

static void drops_what_it_can_not_answer(void **state)
{
	struct peer p;

	peer_open(&p, *state, true);
	for (size_t i = 0; i < sizeof mute / sizeof *mute; i++) {
		peer_say(&p, str_z(mute[i]));
		is_alive(&p);
	}
	peer_close(&p);
	peer_open(&p, *state, false);
	for (size_t i = 0; i < sizeof mute / sizeof *mute; i++) {
		peer_say(&p, str_z(mute[i]));
		is_alive(&p);
	}
	peer_close(&p);
}

static void put_start(struct buf *b, struct peer *p, const char *line,
		      const char *method)
{
	char self[ADDR_TEXT_MAX];

	count++;
	buf_addf(b, "%s\r\nVia: SIP/2.0/TCP %s;branch=z9hG4bKline%u\r\n", line,
		 addr_text(&p->self, self), count);
	buf_addf(b,
		 "From: <sip:a@example.org>;tag=1\r\n"
		 "To: <sip:room@127.0.0.1>\r\nCall-ID: line%u\r\n"
		 "CSeq: 1 %s\r\nContact: <sip:a@127.0.0.1>\r\n",
		 count, method);
}

/* SIP-3, ADDR-5: a request line that can't be read. */
static void answers_bad_lines(void **state)
{
	static const struct {
		const char *line, *method, *answer;
	} bad[] = {
	    {"INVITE sip:a b@127.0.0.1 SIP/2.0", "INVITE",
	     "400 Bad Request-URI"},
	    {"INVITE sip: SIP/2.0", "INVITE", "400 Bad Request-URI"},
	    {"INVITE sip:room@127.0.0.1", "INVITE", "400 Bad Request-URI"},
	    {"INVITE", "INVITE", "400 Bad Request-URI"},
	    {"INV@TE sip:room@127.0.0.1 SIP/2.0", "INVITE", "400 Bad CSeq"},
	    {"INVITE sip:room@127.0.0.1 SIP/3.0", "INVITE", "505 "},
	};
	struct buf b = BUF_INIT(65536);
	struct peer p;
	char want[80];

	peer_open(&p, *state, true);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		put_start(&b, &p, bad[i].line, bad[i].method);
		buf_addz(&b, "Content-Length: 0\r\n\r\n");
		peer_say(&p, buf_str(&b));
		buf_clear(&b);
		snprintf(want, sizeof want, "SIP/2.0 %s", bad[i].answer);
		peer_hears_start(&p, want);
		is_alive(&p);
	}
	buf_done(&b);
	peer_close(&p);
}

/* A NUL or a CR alone ends no header: what a proxy's client puts behind it is
 * no message of the proxy. A length that is there twice is a length. */
static void keeps_the_frame(void **state)
{
	static const struct str inside[] = {
	    STR("Subject: a\0b\r\nContent-Length: 0\r\n\r\n"),
	    STR("\0\r\nContent-Length: 0\r\n\r\n"),
	    STR("Content-Length: 0\r\nSubject: a\r\rBYE sip:x SIP/2.0\r\n\r\n"),
	    STR("Content-Length: 0\r\n\rBYE sip:x SIP/2.0\r\n\r\n"),
	    STR("Content-Length: 4\r\nl: 4\r\n\r\na\0\r\r"),
	    /* where a value goes on there is no other header */
	    STR("Subject: a\0\r\n l: 4\r\nContent-Length: 4\r\n\r\nbody"),
	    STR("Content-Length: 0\r\nSubject: a\0\r\n\tl: 0\r\n\r\n"),
	};
	struct buf b = BUF_INIT(65536);
	struct peer p;

	peer_open(&p, *state, true);
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
		put_start(&b, &p, "INVITE sip:room@127.0.0.1 SIP/2.0",
			  "INVITE");
		buf_add(&b, inside[i]);
		/* at once, and split at each place */
		for (size_t at = b.n; at > b.n - inside[i].n; at--) {
			peer_say(&p, str_of(b.p, at));
			if (at < b.n) {
				core_settle(*state);
				peer_say(&p, str_of(b.p + at, b.n - at));
			}
			peer_hears_start(&p, "SIP/2.0 400 Bad ");
		}
		buf_clear(&b);
		is_alive(&p);
	}
	buf_done(&b);
	peer_close(&p);
}

/* Behind a blank line, too (RFC 3261 §7.5). */
static void keeps_the_frame_behind_blanks(void **state)
{
	struct buf b = BUF_INIT(65536);
	struct peer p;

	peer_open(&p, *state, true);
	put_start(&b, &p, "\r\nINVITE sip:room@127.0.0.1 SIP/2.0", "INVITE");
	buf_addz(&b, "Content-Length: 4\r\nl: 4\r\n\r\nbody");
	peer_say(&p, buf_str(&b));
	peer_hears_start(&p, "SIP/2.0 400 Bad Content-Length");
	is_alive(&p);
	buf_done(&b);
	peer_close(&p);
}

/* These octets are fine in a body. */
static void leaves_bodies_alone(void **state)
{
	static const struct str body = STR("a\0b\rc\n\n\r\rd\r\n\r\n\0");
	struct buf b = BUF_INIT(65536);
	const struct port_msg *m;
	struct peer p;

	peer_open(&p, *state, true);
	for (size_t part = 0; part < 3; part++) {
		b.n = 0;
		put_start(&b, &p, "MESSAGE sip:room@127.0.0.1 SIP/2.0",
			  "MESSAGE");
		buf_addf(&b, "Content-Type: a/b\r\nContent-Length: %zu\r\n\r\n",
			 body.n);
		size_t first = part == 0 ? 0 : b.n - 2 + part;
		buf_add(&b, body);
		if (first)
			peer_say(&p, str_of(b.p, first));
		core_settle(*state);
		peer_say(&p, str_of(b.p + first, b.n - first));
		m = core_asked(*state, "MESSAGE");
		assert_true(str_eq(m->f[PORT_F_BODY], body));
		core_answer(*state, m, 200, NULL, NULL);
		peer_hears_start(&p, "SIP/2.0 200");
	}
	buf_done(&b);
	peer_close(&p);
}

/* SIP-1: where the next message begins is lost: 400, and the end. */
static void closes_when_the_frame_is_lost(void **state)
{
	static const char *const lost[] = {
	    "Content-Length: -1\r\n\r\n",
	    "Content-Length: ten\r\n\r\n",
	    "l: 99999999999999\r\n\r\n",
	    "Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
	    "Content-Length: 0\r\nl: 5\r\n\r\nabcde",
	    "Content-Length: 1\r\nl: 1\r\n 0\r\n\r\nabcde",
	    "Content-Length: 1\r\nl: 1\r\nl: 10\r\n\r\nabcde",
	    "Subject: none\r\n\r\n",
	};
	struct peer other;

	peer_open(&other, *state, true);
	for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
		struct buf b = BUF_INIT(65536);
		struct peer p;
		peer_open(&p, *state, true);
		put_start(&b, &p, "INVITE sip:room@127.0.0.1 SIP/2.0",
			  "INVITE");
		buf_addz(&b, lost[i]);
		peer_say(&p, buf_str(&b));
		buf_done(&b);
		peer_hears_start(&p, "SIP/2.0 400 Bad Content-Length");
		while (!p.closed)
			bed_turn(*state);
		peer_close(&p);
		is_alive(&other);
	}
	peer_close(&other);
}

/* A dialog over the connection goes on; in it, a BYE works whatever else it
 * has. */
static void dialogs_stay(void **state)
{
	const struct port_msg *m;
	struct peer p;
	uint64_t dlg;

	peer_open(&p, *state, true);
	struct call c = {&p, "stays", "ft", ""};
	dlg = call_establish(&c, "");
	call_say(&c, "UPDATE", 2, "Contact: \"x <sip:a@127.0.0.1>\r\n", NULL);
	peer_hears_start(&p, "SIP/2.0 400 Bad Contact");
	for (size_t i = 0; i < sizeof mute / sizeof *mute; i++)
		peer_say(&p, str_z(mute[i]));
	uint64_t req = core_send(*state, dlg, "NOTIFY", NULL, "x");
	peer_answer(&p, peer_hears_start(&p, "NOTIFY"), 200, NULL, NULL);
	core_outcome(*state, req, 200);
	call_say(&c, "BYE", 3, "Contact: \"x <sip:a@127.0.0.1>\r\n", NULL);
	m = core_asked(*state, "BYE");
	assert_true(m->dlg == dlg);
	peer_hears_start(&p, "SIP/2.0 200");
	core_forget(*state, dlg);
	peer_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_the_header_over_tcp),
	    cmocka_unit_test(names_the_header_over_udp),
	    cmocka_unit_test(ignores_what_it_does_not_need),
	    cmocka_unit_test(drops_what_it_can_not_answer),
	    cmocka_unit_test(answers_bad_lines),
	    cmocka_unit_test(keeps_the_frame),
	    cmocka_unit_test(keeps_the_frame_behind_blanks),
	    cmocka_unit_test(leaves_bodies_alone),
	    cmocka_unit_test(closes_when_the_frame_is_lost),
	    cmocka_unit_test(dialogs_stay),
	};
	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
