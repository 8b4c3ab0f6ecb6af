/* Requests of ours outside a dialog but INVITE: SUBSCRIBE and REFER, with their
 * NOTIFYs, and a second try with credentials. */
#include "tests/unit/sip_bed.h"

static struct port_msg ask(struct bed *b, const struct peer *p,
			   const char *method)
{
	struct port_msg m = dial_at(b, p);

	m.f[PORT_F_METHOD] = str_z(method);
	m.f[PORT_F_RURI] = STR("sip:room@conf.example");
	m.f[PORT_F_FROM] = STR("<sip:j@x.example;gr=balcony>");
	m.f[PORT_F_TO] = STR("<sip:room@conf.example>");
	m.f[PORT_F_CONTACT] = STR("<sip:j@127.0.0.1;gr=balcony>");
	if (str_eq(m.f[PORT_F_METHOD], STR("SUBSCRIBE"))) {
		m.f[PORT_F_EVENT] = STR("conference");
		m.expires = 3600;
		m.f[PORT_F_HEADERS] =
		    STR("Accept: application/conference-info+xml\r\n");
	}
	return m;
}

/* The notifier's side of what a request of ours began. */
struct notifier {
	char id[128], to_tag[128], tag[16];
	struct call call;
};

static void notifier_of(struct notifier *n, struct peer *p, const char *request,
			const char *tag)
{
	const char *ours = strstr(header(request, "From"), ";tag=");

	assert_non_null(ours);
	snprintf(n->id, sizeof n->id, "%s", header(request, "Call-ID"));
	snprintf(n->tag, sizeof n->tag, "%s", tag);
	n->call = (struct call){p, n->id, n->tag, ""};
	snprintf(n->call.to_tag, sizeof n->call.to_tag, "%s", ours + 5);
}

static void notify(struct notifier *n, unsigned cseq, const char *event)
{
	char extra[512];

	snprintf(extra, sizeof extra,
		 "%sEvent: %s\r\nSubscription-State: active;expires=60\r\n",
		 call_contact(&n->call), event);
	call_say(&n->call, "NOTIFY", cseq, extra, NULL);
}

static void answer_from(struct peer *p, const char *request, int status,
			const char *tag, const char *contact)
{
	char more[512];
	struct buf b = BUF_INIT(65536);

	snprintf(more, sizeof more, "Contact: <%s>\r\nExpires: 60", contact);
	buf_addf(&b,
		 "SIP/2.0 %d Whatever\r\nVia: %s\r\nFrom: %s\r\n"
		 "To: %s;tag=%s\r\nCall-ID: %s\r\nCSeq: %s\r\n%s\r\n"
		 "Content-Length: 0\r\n\r\n",
		 status, header(request, "Via"), header(request, "From"),
		 header(request, "To"), tag, header(request, "Call-ID"),
		 header(request, "CSeq"), more);
	peer_say(p, buf_str(&b));
	buf_done(&b);
}

static void answer(struct peer *p, const char *request, int status,
		   const char *tag)
{
	char contact[256], self[ADDR_TEXT_MAX];

	snprintf(contact, sizeof contact, "sip:focus@%s%s",
		 addr_text(&p->self, self), p->tcp ? ";transport=tcp" : "");
	answer_from(p, request, status, tag, contact);
}

/* The NOTIFY that the core was given, and its answer to it. */
static void core_takes_notify(struct bed *b, struct peer *p, uint64_t dlg)
{
	const struct port_msg *m = core_asked(b, "NOTIFY");

	assert_true(m->dlg == dlg);
	assert_true(str_starts(m->f[PORT_F_SUB_STATE], STR("active")));
	core_answer(b, m, 200, NULL, NULL);
	peer_hears_start(p, "SIP/2.0 200");
}

/* X2S-6: a dialog of its own, refreshed within it (RFC 6665 §4.1.2). */
static void subscribes(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct notifier n;
	struct port_msg d, again = port_msg(PORT_SEND);
	const struct port_msg *m;
	const char *z;

	peer_open(&p, b, false);
	d = ask(b, &p, "SUBSCRIBE");
	sip_child_send(b->child, &d);
	z = peer_hears_start(&p, "SUBSCRIBE sip:room@conf.example SIP/2.0");
	assert_string_equal(header(z, "Event"), "conference");
	assert_string_equal(header(z, "Expires"), "3600");
	assert_string_equal(header(z, "Accept"),
			    "application/conference-info+xml");
	assert_string_equal(header(z, "Contact"),
			    "<sip:j@127.0.0.1;gr=balcony>");
	notifier_of(&n, &p, z, "n1");
	answer(&p, z, 200, "n1");
	m = core_outcome(b, d.req, 200);
	assert_true(m->dlg == d.dlg && m->expires == 60);
	assert_int_equal(sip_child_stats(b->child).dialogs, 1);
	notify(&n, 7, "conference");
	core_takes_notify(b, &p, d.dlg);

	again.dlg = d.dlg;
	again.req = sip_child_req(b->child);
	again.f[PORT_F_METHOD] = STR("SUBSCRIBE");
	again.f[PORT_F_EVENT] = STR("conference");
	again.expires = 1800;
	sip_child_send(b->child, &again);
	z = peer_hears_start(&p, "SUBSCRIBE sip:");
	assert_string_equal(header(z, "Expires"), "1800");
	assert_non_null(strstr(header(z, "To"), ";tag=n1"));
	assert_string_equal(header(z, "Contact"),
			    "<sip:j@127.0.0.1;gr=balcony>");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, again.req, 200);
	core_forget(b, d.dlg);
	peer_close(&p);
}

/* RFC 6665 §4.1.2.4, §4.4.1: a NOTIFY before the response makes the dialog; one
 * of another notifier that a proxy has asked, too, gets 481. */
static void notify_comes_first(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct notifier n, other;
	struct port_msg d;
	const char *z;
	uint64_t req;

	peer_open(&p, b, false);
	d = ask(b, &p, "SUBSCRIBE");
	sip_child_send(b->child, &d);
	z = peer_hears_start(&p, "SUBSCRIBE ");
	notifier_of(&n, &p, z, "n1");
	notifier_of(&other, &p, z, "n2");
	notify(&n, 1, "conference");
	core_takes_notify(b, &p, d.dlg);
	assert_int_equal(sip_child_stats(b->child).dialogs, 1);
	notify(&other, 1, "conference");
	peer_hears_start(&p, "SIP/2.0 481");
	notify(&n, 2, "conference");
	core_takes_notify(b, &p, d.dlg);
	answer(&p, z, 200, "n1");
	core_outcome(b, d.req, 200);
	notify(&n, 3, "conference");
	core_takes_notify(b, &p, d.dlg);
	notify(&other, 2, "conference");
	peer_hears_start(&p, "SIP/2.0 481");
	req = core_send(b, d.dlg, "SUBSCRIBE", "Event: conference\r\n", NULL);
	z = peer_hears_start(&p, "SUBSCRIBE sip:a@127.0.0.1");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);
	core_forget(b, d.dlg);
	peer_close(&p);
}

/* A subscription that is refused leaves no dialog; what belongs to it later is
 * unknown. */
static void subscription_refused(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct notifier n;
	struct port_msg d;
	const char *z;

	peer_open(&p, b, false);
	d = ask(b, &p, "SUBSCRIBE");
	sip_child_send(b->child, &d);
	z = peer_hears_start(&p, "SUBSCRIBE ");
	notifier_of(&n, &p, z, "n1");
	answer(&p, z, 489, "n1");
	core_outcome(b, d.req, 489);
	notify(&n, 1, "conference");
	peer_hears_start(&p, "SIP/2.0 481");
	d = ask(b, &p, "SUBSCRIBE");
	sip_child_send(b->child, &d);
	z = peer_hears_start(&p, "SUBSCRIBE ");
	peer_answer(&p, z, 200, NULL, NULL); /* without a Contact */
	core_outcome(b, d.req, 502);
	assert_int_equal(sip_child_stats(b->child).dialogs, 0);
	peer_close(&p);
}

/* X2S-52: the outcome of a REFER comes in NOTIFYs of the dialog that it made;
 * in a call's dialog they come there. */
static void refers(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "inside", "ft", ""};
	struct notifier n;
	struct port_msg d;
	const char *z;
	char extra[512];
	uint64_t dlg, req;

	peer_open(&p, b, false);
	d = ask(b, &p, "REFER");
	d.f[PORT_F_HEADERS] = STR("Refer-To: <sip:b@example.org>\r\n");
	sip_child_send(b->child, &d);
	z = peer_hears_start(&p, "REFER ");
	assert_string_equal(header(z, "Refer-To"), "<sip:b@example.org>");
	notifier_of(&n, &p, z, "n1");
	answer(&p, z, 202, "n1");
	core_outcome(b, d.req, 202);
	notify(&n, 1, "refer");
	core_takes_notify(b, &p, d.dlg);
	core_forget(b, d.dlg);

	/* without a target nothing can follow */
	d = ask(b, &p, "REFER");
	d.f[PORT_F_HEADERS] = STR("Refer-To: <sip:b@example.org>\r\n");
	sip_child_send(b->child, &d);
	z = peer_hears_start(&p, "REFER ");
	peer_answer(&p, z, 202, NULL, NULL);
	core_outcome(b, d.req, 202);
	assert_int_equal(sip_child_stats(b->child).dialogs, 0);

	dlg = call_establish(&c, "");
	req = core_send(b, dlg, "REFER", "Refer-To: <sip:b@example.org>\r\n",
			NULL);
	z = peer_hears_start(&p, "REFER sip:a@127.0.0.1");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);
	snprintf(extra, sizeof extra,
		 "%sEvent: refer;id=2\r\n"
		 "Subscription-State: active;expires=60\r\n",
		 call_contact(&c));
	call_say(&c, "NOTIFY", 2, extra, NULL);
	core_takes_notify(b, &p, dlg);
	core_forget(b, dlg);
	peer_close(&p);
}

/* RFC 3261 §8.1.3.5, §22.2: the same request again has the same Call-ID and
 * From, and the next CSeq. */
static void second_try(void **state)
{
	struct bed *b = *state;
	static const char *const methods[] = {"INVITE", "SUBSCRIBE", "REFER"};

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		struct peer p;
		struct port_msg d;
		const struct port_msg *m;
		char id[128], from[256];
		unsigned cseq;
		const char *z;

		peer_open(&p, b, false);
		d = ask(b, &p, methods[i]);
		sip_child_send(b->child, &d);
		z = peer_hears_start(&p, methods[i]);
		snprintf(id, sizeof id, "%s", header(z, "Call-ID"));
		snprintf(from, sizeof from, "%s", header(z, "From"));
		cseq = (unsigned)atoi(header(z, "CSeq"));
		peer_answer(&p, z, 401,
			    "WWW-Authenticate: Digest realm=\"r\", "
			    "nonce=\"n\", algorithm=MD5, qop=\"auth\"\r\n",
			    NULL);
		m = core_outcome(b, d.req, 401);
		assert_true(str_search(m->f[PORT_F_HEADERS],
				       STR("WWW-Authenticate: Digest ")) >= 0);
		if (i == 0)
			peer_hears_start(&p, "ACK ");
		d.req = sip_child_req(b->child);
		d.cseq = m->cseq;
		d.f[PORT_F_CALL_ID] = m->f[PORT_F_CALL_ID];
		d.f[PORT_F_FROM] = m->f[PORT_F_FROM];
		d.f[PORT_F_HEADERS] = STR("Authorization: Digest realm=\"r\", "
					  "nonce=\"n\", username=\"u\", "
					  "uri=\"sip:r\", response=\"0\"\r\n");
		sip_child_send(b->child, &d);
		z = peer_hears_start(&p, methods[i]);
		assert_string_equal(header(z, "Call-ID"), id);
		assert_string_equal(header(z, "From"), from);
		assert_int_equal(atoi(header(z, "CSeq")), (int)cseq + 1);
		assert_true(strncmp(header(z, "Authorization"), "Digest ", 7) ==
			    0);
		answer(&p, z, 403, "n1");
		core_outcome(b, d.req, 403);
		peer_close(&p);
	}
}

/* A target of the host that was asked for is reached by the same way, where its
 * name alone leads nowhere; after a restart, too. */
static void same_way(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct port_msg d;
	const char *z;
	uint64_t req;

	peer_open(&p, b, false);
	d = ask(b, &p, "INVITE");
	sip_child_send(b->child, &d);
	z = peer_hears_start(&p, "INVITE ");
	answer_from(&p, z, 200, "t1", "sip:focus@conf.example;gr=1");
	core_outcome(b, d.req, 200);
	peer_hears_start(&p, "ACK sip:focus@conf.example;gr=1 SIP/2.0");
	req = core_send(b, d.dlg, "INFO", NULL, NULL);
	z = peer_hears_start(&p, "INFO sip:focus@conf.example;gr=1 SIP/2.0");
	assert_string_equal(header(z, "Route"), "");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);
	bed_kill(b);
	req = core_send(b, d.dlg, "BYE", NULL, NULL);
	z = peer_hears_start(&p, "BYE sip:focus@conf.example;gr=1 SIP/2.0");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);
	core_forget(b, d.dlg);
	peer_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(subscribes, bed_setup,
					    bed_teardown),
	    cmocka_unit_test_setup_teardown(notify_comes_first, bed_setup,
					    bed_teardown),
	    cmocka_unit_test_setup_teardown(subscription_refused, bed_setup,
					    bed_teardown),
	    cmocka_unit_test_setup_teardown(refers, bed_setup, bed_teardown),
	    cmocka_unit_test_setup_teardown(same_way, bed_setup, bed_teardown),
	    cmocka_unit_test_setup_teardown(second_try, bed_setup,
					    bed_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
