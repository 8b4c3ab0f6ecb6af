/* Requests outside a dialog that make one: REFER coming in, INVITE going out.
 */
#include "tests/unit/sip_bed.h"

#define REFER_TO "Refer-To: <sip:b@example.org;method=BYE>\r\n"

static void say_refer(struct call *c, const char *more)
{
	char extra[1024];

	snprintf(extra, sizeof extra, "%s%s", call_contact(c), more);
	call_say(c, "REFER", 1, extra, NULL);
}

/* FOCUS-28: Require: norefersub is taken. A REFER makes a dialog, in which its
 * NOTIFYs go. */
static void refer_makes_dialog(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "refer", "ft", ""};
	const struct port_msg *m;
	const char *z;
	uint64_t req;

	peer_open(&p, b, true);
	say_refer(&c, REFER_TO
		  "Require: norefersub, tdialog\r\nRefer-Sub: false\r\n"
		  "Target-Dialog: 1@x;local-tag=2;remote-tag=3\r\n");
	m = core_asked(b, "REFER");
	assert_true(m->new_dialog);
	assert_true(str_eq(m->f[PORT_F_REFER_TO],
			   STR("<sip:b@example.org;method=BYE>")));
	assert_true(
	    str_search(m->f[PORT_F_HEADERS], STR("Refer-Sub: false\r\n")) >= 0);
	core_answer(b, m, 200, "Refer-Sub: false\r\n", NULL);
	z = peer_hears_start(&p, "SIP/2.0 200");
	assert_string_equal(header(z, "Refer-Sub"), "false");
	call_learn_tag(&c, z);
	req = core_send(b, m->dlg, "NOTIFY", "Event: refer;id=1\r\n",
			"SIP/2.0 100 Trying\r\n");
	z = peer_hears_start(&p, "NOTIFY sip:a@127.0.0.1");
	assert_string_equal(header(z, "Event"), "refer;id=1");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);
	assert_int_equal(sip_child_stats(b->child).dialogs, 1);
	core_forget(b, m->dlg);
	peer_close(&p);
}

/* V-FOCUS-3, FOCUS-20: two Refer-To lines get 400, and so does a REFER that
 * nobody can be told of. */
static void refer_refused(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "refused", "ft", ""};

	peer_open(&p, b, false);
	say_refer(&c, REFER_TO REFER_TO);
	peer_hears_start(&p, "SIP/2.0 400");
	call_say(&c, "REFER", 2, REFER_TO, NULL);
	peer_hears_start(&p, "SIP/2.0 400");
	core_settle(b);
	peer_close(&p);
}

/* V-FOCUS-5, FOCUS-41: a list of people to invite belongs in the first INVITE.
 */
static void list_in_reinvite(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "list", "ft", ""};
	const struct port_msg *m;
	char extra[512];
	const char *z;

	peer_open(&p, b, false);
	snprintf(extra, sizeof extra, "%sRequire: recipient-list-invite\r\n",
		 call_contact(&c));
	call_say(&c, "INVITE", 1, extra, NULL);
	m = core_asked(b, "INVITE");
	core_answer(b, m, 200, NULL, "v=0\r\n");
	z = peer_hears_start(&p, "SIP/2.0 200");
	assert_non_null(
	    strstr(header(z, "Supported"), "recipient-list-invite"));
	call_learn_tag(&c, z);
	call_say(&c, "ACK", 1, NULL, NULL);
	core_told(b, PORT_ACK);
	call_say(&c, "INVITE", 2, extra, NULL);
	z = peer_hears_start(&p, "SIP/2.0 420");
	assert_string_equal(header(z, "Unsupported"), "recipient-list-invite");
	core_forget(b, m->dlg);
	peer_close(&p);
}

/* --- INVITE --- */

/* Dials the peer, whoever the request is for; silent_ms: or 0. */
static struct port_msg dial_to(struct bed *b, const struct peer *p,
			       const char *uri, unsigned silent_ms)
{
	struct port_msg m = dial_at(b, p);

	m.f[PORT_F_RURI] = str_z(uri);
	m.f[PORT_F_FROM] = STR("<sip:room@rooms.example>");
	m.f[PORT_F_TO] = STR("<sip:b@example.org>");
	m.f[PORT_F_CONTACT] = STR("<sip:room@127.0.0.1>;isfocus");
	m.f[PORT_F_HEADERS] = STR("Subject: tea\r\n");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = STR("v=0\r\n");
	m.number[0] = silent_ms;
	sip_child_send(b->child, &m);
	return m;
}

static struct port_msg dial_peer(struct bed *b, const struct peer *p,
				 const char *uri)
{
	return dial_to(b, p, uri, 0);
}

/* FOCUS-45, FOCUS-28: a REFER of the core's makes no dialog, whatever comes. */
static void refers(void **state)
{
	struct bed *b = *state;
	struct port_msg m = port_msg(PORT_DIAL);
	const struct port_msg *r;
	char self[ADDR_TEXT_MAX], uri[128];
	struct peer p;
	const char *z;

	for (int status = 200; status <= 603; status += 403) {
		peer_open(&p, b, false);
		snprintf(uri, sizeof uri, "sip:b@%s", addr_text(&p.self, self));
		m.dlg = sip_child_req(b->child);
		m.req = sip_child_req(b->child);
		m.f[PORT_F_METHOD] = STR("REFER");
		m.f[PORT_F_RURI] = str_z(uri);
		m.f[PORT_F_FROM] = STR("<sip:room@rooms.example>");
		m.f[PORT_F_TO] = STR("<sip:b@example.org>");
		m.f[PORT_F_CONTACT] = STR("<sip:room@127.0.0.1>;isfocus");
		m.f[PORT_F_HEADERS] = STR(
		    "Refer-To: <sip:room@127.0.0.1>\r\nRefer-Sub: false\r\n");
		sip_child_send(b->child, &m);
		z = peer_hears_start(&p, "REFER sip:b@");
		assert_string_equal(header(z, "Refer-To"),
				    "<sip:room@127.0.0.1>");
		assert_string_equal(header(z, "Refer-Sub"), "false");
		assert_non_null(strstr(header(z, "Supported"), "norefersub"));
		peer_answer(&p, z, status, "Contact: <sip:b@127.0.0.1>\r\n",
			    NULL);
		r = core_told(b, PORT_RESPONSE);
		assert_true(r->req == m.req);
		assert_int_equal(r->status, status);
		assert_int_equal(sip_child_stats(b->child).dialogs, 0);
		peer_close(&p);
	}
}

/* Its answer, with the tag of one of the devices that it may have. */
static void answer_as(struct peer *p, const char *invite, int status,
		      const char *tag, const char *more)
{
	struct buf b = BUF_INIT(65536);
	char self[ADDR_TEXT_MAX];

	buf_addf(&b, "SIP/2.0 %d Whatever\r\n", status);
	buf_addf(&b, "Via: %s\r\n", header(invite, "Via"));
	buf_addf(&b, "From: %s\r\n", header(invite, "From"));
	buf_addf(&b, "To: %s;tag=%s\r\n", header(invite, "To"), tag);
	buf_addf(&b, "Call-ID: %s\r\n", header(invite, "Call-ID"));
	buf_addf(&b, "CSeq: %s\r\n", header(invite, "CSeq"));
	buf_addf(&b, "Contact: <sip:%s@%s%s>\r\n%s", tag,
		 addr_text(&p->self, self), p->tcp ? ";transport=tcp" : "",
		 more);
	buf_addf(&b, "Content-Length: 0\r\n\r\n");
	peer_say(p, buf_str(&b));
	buf_done(&b);
}

/* FOCUS-50: our From and Contact. The 2xx makes a dialog in which both sides
 * can go on, by the answer's route set in reverse. */
static void dials(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call theirs = {&p, "", "t1", ""};
	struct port_msg d;
	const struct port_msg *m;
	const char *invite, *z;
	char cseq[32], from[256], id[256], more[256], self[ADDR_TEXT_MAX];
	uint64_t req;

	peer_open(&p, b, false);
	d = dial_peer(b, &p, "sip:b@example.org");
	invite = peer_hears_start(&p, "INVITE sip:b@example.org SIP/2.0");
	assert_non_null(
	    strstr(header(invite, "From"), "<sip:room@rooms.example>;tag="));
	assert_string_equal(header(invite, "To"), "<sip:b@example.org>");
	assert_string_equal(header(invite, "Contact"),
			    "<sip:room@127.0.0.1>;isfocus");
	assert_string_equal(header(invite, "Subject"), "tea");
	assert_string_equal(header(invite, "User-Agent"), "stoxd/test");
	assert_non_null(strstr(invite, "\r\n\r\nv=0\r\n"));
	snprintf(from, sizeof from, "%s", header(invite, "From"));
	snprintf(cseq, sizeof cseq, "%d ACK", atoi(header(invite, "CSeq")));
	answer_as(&p, invite, 180, "t1", "");
	m = core_told(b, PORT_PROGRESS);
	assert_true(m->req == d.req && m->dlg == d.dlg);
	assert_int_equal(m->status, 180);

	addr_text(&p.self, self);
	snprintf(more, sizeof more,
		 "Record-Route: <sip:%s;lr;far>, <sip:%s;lr;near>\r\n", self,
		 self);
	answer_as(&p, invite, 200, "t1", more);
	m = core_outcome(b, d.req, 200);
	assert_true(m->dlg == d.dlg);
	assert_int_equal(sip_child_stats(b->child).dialogs, 1);
	/* RFC 7702 example 4, with the CSeq number of its INVITE */
	z = peer_hears_start(&p, "ACK sip:t1@127.0.0.1");
	assert_string_equal(header(z, "CSeq"), cseq);
	assert_string_equal(header(z, "From"), from);
	assert_string_equal(header(z, "To"), "<sip:b@example.org>;tag=t1");
	assert_non_null(strstr(header(z, "Route"), "near"));

	req = core_send(b, d.dlg, "INFO", NULL, NULL);
	z = peer_hears_start(&p, "INFO sip:t1@127.0.0.1");
	assert_int_equal(atoi(header(z, "CSeq")), atoi(cseq) + 1);
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);

	snprintf(id, sizeof id, "%s", header(invite, "Call-ID"));
	theirs.id = id;
	snprintf(theirs.to_tag, sizeof theirs.to_tag, "%s",
		 strstr(from, ";tag=") + 5);
	call_say(&theirs, "BYE", 1, NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 200");
	assert_true(core_asked(b, "BYE")->dlg == d.dlg);
	core_forget(b, d.dlg);
	peer_close(&p);
}

/* FOCUS-51: of several answers the first counts */
static void forks(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct port_msg d;
	const char *invite, *z;

	peer_open(&p, b, false);
	d = dial_peer(b, &p, "sip:b@example.org");
	invite = peer_hears_start(&p, "INVITE ");
	answer_as(&p, invite, 200, "t1", "");
	core_outcome(b, d.req, 200);
	peer_hears_start(&p, "ACK sip:t1@");
	answer_as(&p, invite, 200, "t2", "");
	z = peer_hears_start(&p, "ACK sip:t2@");
	assert_string_equal(header(z, "To"), "<sip:b@example.org>;tag=t2");
	z = peer_hears_start(&p, "BYE sip:t2@");
	assert_string_equal(header(z, "To"), "<sip:b@example.org>;tag=t2");
	peer_answer(&p, z, 200, NULL, NULL);
	assert_int_equal(sip_child_stats(b->child).dialogs, 1);
	/* the first answer again: the ACK again */
	answer_as(&p, invite, 200, "t1", "");
	peer_hears_start(&p, "ACK sip:t1@");
	core_forget(b, d.dlg);
	peer_close(&p);
}

static void refused_and_given_up(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct port_msg d, up = port_msg(PORT_HANG_UP);
	const char *invite, *z;

	peer_open(&p, b, false);
	d = dial_peer(b, &p, "sip:b@example.org");
	invite = peer_hears_start(&p, "INVITE ");
	answer_as(&p, invite, 486, "t1", "");
	core_outcome(b, d.req, 486);
	peer_hears_start(&p, "ACK ");

	d = dial_peer(b, &p, "sip:b@example.org");
	invite = peer_hears_start(&p, "INVITE ");
	answer_as(&p, invite, 180, "t1", "");
	core_told(b, PORT_PROGRESS);
	up.req = d.req;
	sip_child_send(b->child, &up);
	z = peer_hears_start(&p, "CANCEL ");
	peer_answer(&p, z, 200, NULL, NULL);
	answer_as(&p, invite, 487, "t1", "");
	core_outcome(b, d.req, 487);
	peer_hears_start(&p, "ACK ");

	/* where nothing can be sent to, and an answer that names nobody */
	d = dial_peer(b, &p, "http://example.org");
	core_outcome(b, d.req, 503);
	d = dial_peer(b, &p, "sip:b@example.org");
	invite = peer_hears_start(&p, "INVITE ");
	answer_as(&p, invite, 200, "t1", "Record-Route: <foo:bar;lr>\r\n");
	core_outcome(b, d.req, 502);
	assert_int_equal(sip_child_stats(b->child).dialogs, 0);
	peer_close(&p);
}

#define MANY	  1500
#define MANY_BODY 8000

/* More requests to one connection, a proxy's say, than its queue holds, while
 * nobody reads there: they wait, and none fails. */
static void connection_takes_its_time(void **state)
{
	struct bed *b = *state;
	static uint64_t req[MANY];
	struct peer p;
	struct call c = {&p, "slow", "ft", ""};
	struct port_msg m = port_msg(PORT_SEND);
	char *octets = calloc(1, MANY_BODY);
	unsigned long first = 0;
	int few = 65536;

	assert_non_null(octets);
	memset(octets, 'x', MANY_BODY);
	peer_open(&p, b, true);
	setsockopt(p.fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
	m.dlg = call_establish(&c, "");
	event_del(p.ev);
	m.f[PORT_F_METHOD] = STR("NOTIFY");
	m.f[PORT_F_HEADERS] = STR("Event: conference\r\n"
				  "Subscription-State: active\r\n");
	m.f[PORT_F_TYPE] = STR("text/plain");
	m.shared = blob_new(str_of(octets, MANY_BODY));
	for (unsigned i = 0; i < MANY; i++) {
		req[i] = m.req = sip_child_req(b->child);
		sip_child_send(b->child, &m);
	}
	core_settle(b);
	event_add(p.ev, NULL);
	for (unsigned i = 0; i < MANY; i++) {
		const char *z = peer_hears_start(&p, "NOTIFY ");

		unsigned long cseq = strtoul(header(z, "CSeq"), NULL, 10);

		first = i ? first : cseq;
		assert_int_equal(cseq, first + i);
		peer_answer(&p, z, 200, NULL, NULL);
	}
	for (unsigned i = 0; i < MANY; i++)
		core_outcome(b, req[i], 200);
	blob_unref(m.shared);
	free(octets);
	core_forget(b, m.dlg);
	peer_close(&p);
}

#define SHARED 3000

/* What requests share goes to the process once, in more places than there are,
 * and is whole in each request, less its hole. */
static void bodies_share_octets(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "shared", "ft", ""};
	struct port_msg m = port_msg(PORT_SEND);
	char octets[SHARED], body[SHARED + 20];
	const char *z;

	peer_open(&p, b, true);
	m.dlg = call_establish(&c, "");
	m.f[PORT_F_METHOD] = STR("NOTIFY");
	m.f[PORT_F_HEADERS] = STR("Event: conference\r\n"
				  "Subscription-State: active\r\n");
	m.f[PORT_F_TYPE] = STR("text/plain");
	m.f[PORT_F_BODY] = STR("[]");
	m.number[PORT_BEFORE] = 1;
	for (unsigned i = 0; i < 2 * PORT_BLOBS + 1; i++) {
		memset(octets, (int)('a' + i), sizeof octets);
		octets[0] = 'A';
		octets[i == 1 ? 499 : sizeof octets - 1] = 'Z';
		m.shared = blob_new(str_of(octets, i == 1 ? 500 : SHARED));
		for (unsigned k = 0; k < 2; k++) {
			unsigned hole = 3 * k;
			int n;

			m.req = sip_child_req(b->child);
			m.number[PORT_HOLE_AT] = 1;
			m.number[PORT_HOLE] = hole;
			sip_child_send(b->child, &m);
			z = peer_hears_start(&p, "NOTIFY ");
			n = snprintf(body, sizeof body, "[A%.*s]",
				     (int)(m.shared->n - 1 - hole),
				     m.shared->p + 1 + hole);
			assert_int_equal(atoi(header(z, "Content-Length")), n);
			assert_non_null(strstr(z, "\r\n\r\n["));
			assert_int_equal(
			    memcmp(strstr(z, "\r\n\r\n[") + 4, body, (size_t)n),
			    0);
			peer_answer(&p, z, 200, NULL, NULL);
			core_outcome(b, m.req, 200);
		}
		blob_unref(m.shared);
	}
	core_forget(b, m.dlg);
	peer_close(&p);
}

/* An INVITE ends with its process; one that was answered goes on. */
static void process_dies(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct port_msg answered, open;
	const char *invite, *z;
	uint64_t req;

	peer_open(&p, b, false);
	answered = dial_peer(b, &p, "sip:b@example.org");
	invite = peer_hears_start(&p, "INVITE ");
	answer_as(&p, invite, 200, "t1", "");
	core_outcome(b, answered.req, 200);
	peer_hears_start(&p, "ACK ");
	open = dial_peer(b, &p, "sip:c@example.org");
	peer_hears_start(&p, "INVITE ");
	bed_kill(b);
	core_outcome(b, open.req, 503);
	req = core_send(b, answered.dlg, "BYE", NULL, NULL);
	z = peer_hears_start(&p, "BYE sip:t1@127.0.0.1");
	assert_string_equal(header(z, "To"), "<sip:b@example.org>;tag=t1");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);
	core_forget(b, answered.dlg);
	assert_int_equal(sip_child_stats(b->child).resent, 0);
	peer_close(&p);
}

/* ADDR-28: an INVITE of ours that comes back to us is a loop, and Max-Forwards
 * is what the core says. */
static void comes_back(void **state)
{
	struct bed *b = *state;
	struct port_msg d;
	struct peer p;
	char id[256], tag[64];
	const char *z;

	peer_open(&p, b, false);
	d = dial_peer(b, &p, "sip:b@example.org");
	z = peer_hears_start(&p, "INVITE sip:b@example.org");
	assert_string_equal(header(z, "Max-Forwards"), "70");
	peer_answer(&p, z, 100, NULL, NULL); /* no need to send it again */
	snprintf(id, sizeof id, "%s", header(z, "Call-ID"));
	snprintf(tag, sizeof tag, "%s", strstr(header(z, "From"), ";tag=") + 5);

	struct call c = {&p, id, tag, ""};
	struct call other = {&p, id, "another", ""};

	call_say(&c, "INVITE", 1, call_contact(&c), NULL);
	peer_hears_start(&p, "SIP/2.0 482");
	call_say(&other, "INVITE", 1, call_contact(&other), NULL);
	assert_true(core_asked(b, "INVITE")->new_dialog);
	peer_answer(&p, z, 486, NULL, NULL);
	core_outcome(b, d.req, 486);
	d.req = sip_child_req(b->child);
	d.dlg = sip_child_req(b->child);
	d.f[PORT_F_HEADERS] = STR("Max-Forwards: 9\r\n");
	peer_hears_start(&p, "ACK");
	sip_child_send(b->child, &d);
	z = peer_hears_start(&p, "INVITE sip:b@example.org");
	assert_string_equal(header(z, "Max-Forwards"), "9");
	peer_close(&p);
}

/* DNS-7: the next target is asked in a transaction of its own. */
static void goes_on(void **state)
{
	struct bed *b = *state;
	struct peer first, second;
	struct port_msg d;
	char branch[256], self[ADDR_TEXT_MAX], route[128];
	const char *z;

	peer_open(&first, b, false);
	peer_open(&second, b, false);
	d = dial_peer(b, &first, "sip:b@example.org");
	z = peer_hears_start(&first, "INVITE sip:b@example.org");
	snprintf(branch, sizeof branch, "%s",
		 strstr(header(z, "Via"), "branch="));
	peer_answer(&first, z, 503, NULL, NULL);
	core_outcome(b, d.req, 503);
	snprintf(route, sizeof route, "sip:%s", addr_text(&second.self, self));
	d.f[PORT_F_ROUTE] = str_z(route);
	sip_child_send(b->child, &d);
	z = peer_hears_start(&second, "INVITE sip:b@example.org");
	assert_string_not_equal(strstr(header(z, "Via"), "branch="), branch);
	peer_answer(&second, z, 486, NULL, NULL);
	core_outcome(b, d.req, 486);
	peer_close(&first);
	peer_close(&second);
}

/* DNS-7: silence is an outcome before Timer B ends it, if the core wants that;
 * 100 is no silence. */
static void gives_up_on_silence(void **state)
{
	struct bed *b = *state;
	struct peer busy, silent;
	struct port_msg d, e;
	const char *z;

	peer_open(&busy, b, false);
	peer_open(&silent, b, false);
	d = dial_to(b, &busy, "sip:b@example.org", 300);
	z = peer_hears_start(&busy, "INVITE sip:b@example.org");
	peer_answer(&busy, z, 100, NULL, NULL);
	e = dial_to(b, &silent, "sip:c@example.org", 400);
	peer_hears_start(&silent, "INVITE sip:c@example.org");
	core_outcome(b, e.req, 408);
	peer_answer(&busy, z, 486, NULL, NULL);
	core_outcome(b, d.req, 486);
	peer_close(&busy);
	peer_close(&silent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(refer_makes_dialog, bed_setup,
					    bed_teardown),
	    cmocka_unit_test_setup_teardown(refer_refused, bed_setup,
					    bed_teardown),
	    cmocka_unit_test_setup_teardown(refers, bed_setup, bed_teardown),
	    cmocka_unit_test_setup_teardown(list_in_reinvite, bed_setup,
					    bed_teardown),
	    cmocka_unit_test_setup_teardown(dials, bed_setup, bed_teardown),
	    cmocka_unit_test_setup_teardown(forks, bed_setup, bed_teardown),
	    cmocka_unit_test_setup_teardown(refused_and_given_up, bed_setup,
					    bed_teardown),
	    cmocka_unit_test_setup_teardown(bodies_share_octets, bed_setup,
					    bed_teardown),
	    cmocka_unit_test_setup_teardown(connection_takes_its_time,
					    bed_setup, bed_teardown),
	    cmocka_unit_test_setup_teardown(comes_back, bed_setup,
					    bed_teardown),
	    cmocka_unit_test_setup_teardown(goes_on, bed_setup, bed_teardown),
	    cmocka_unit_test_setup_teardown(gives_up_on_silence, bed_setup,
					    bed_teardown),
	    cmocka_unit_test_setup_teardown(process_dies, bed_setup,
					    bed_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
