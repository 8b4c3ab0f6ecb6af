/* Receipts of private messages between an XMPP user and somebody in a SIP
 * conference elsewhere (BODY-21). */
#include "focus.h"

#include <stdlib.h>

#define REQUEST	 "<request xmlns='urn:xmpp:receipts'/>"
#define RECEIPTS "urn:xmpp:receipts"

static struct str header(struct str frame, const char *name)
{
	ptrdiff_t at = str_search(frame, str_z(name));

	assert_true(at >= 0);
	frame = str_from(frame, (size_t)at + strlen(name));
	return str_split(&frame, '\r');
}

static void reports(struct focus *f, struct str id)
{
	msrp_put(&f->u,
		 arena_printf(f->s->arena,
			      "MSRP rep0 REPORT\r\nTo-Path: %.*s\r\n"
			      "From-Path: %s\r\nMessage-ID: %.*s\r\n"
			      "Byte-Range: 1-4/4\r\nStatus: 000 200 OK\r\n"
			      "-------rep0$\r\n",
			      STR_ARG(f->u.path), f->u.own_path, STR_ARG(id)));
}

/* Her wish is Success-Report, and the REPORT her receipt, once. */
static void test_hers(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct str frame;
	struct focus f;

	focus_joined(&f, s);
	focus_user_says(s, "/Romeo", "chat", "p1", "<body>psst</body>" REQUEST);
	frame = focus_hears(&f, "Success-Report: yes\r\n");
	focus_replies(&f, frame, "200 OK");
	assert_true(xmpp_none(s, JULIET));
	reports(&f, header(frame, "Message-ID: "));
	n = focus_shown(s, "message", "Romeo");
	assert_true(str_eq(x_attr(n, "type"), STR("chat")));
	assert_null(x_child(n, "body", NULL));
	n = x_child(n, "received", RECEIPTS);
	assert_true(str_eq(x_attr(n, "id"), STR("p1")));
	reports(&f, header(frame, "Message-ID: "));
	assert_true(xmpp_none(s, JULIET));
	/* nobody asked: none is asked for; nor in the room (BODY-20) */
	focus_user_says(s, "/Romeo", "chat", "p2", "<body>psst</body>");
	frame = focus_hears(&f, "psst");
	assert_false(has(frame, "Success-Report"));
	focus_replies(&f, frame, "200 OK");
	focus_user_says(s, "", "groupchat", "m1", "<body>all</body>" REQUEST);
	frame = focus_hears(&f, "all");
	assert_false(has(frame, "Success-Report"));
	focus_replies(&f, frame, "200 OK");
	focus_shown(s, "message", "JuliC");
	/* too late */
	focus_user_says(s, "/Romeo", "chat", "p3", "<body>old</body>" REQUEST);
	frame = focus_hears(&f, "old");
	focus_replies(&f, frame, "200 OK");
	scene_run(s, 600100);
	xmpp_drop(s);
	reports(&f, header(frame, "Message-ID: "));
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

static void whispers(struct focus *f, const char *id, const char *report)
{
	struct str cpim = STR("From: <sip:romeo@sip.test>\r\n"
			      "To: <sip:juliet@x.test;gr=balcony>\r\n\r\n"
			      "Content-Type: text/plain\r\n\r\npsst");

	msrp_send_cpim(&f->u, id, report, cpim);
	assert_int_equal(msrp_status(&f->u), 200);
}

/* His wish is her client's, and her receipt his REPORT, once. */
static void test_his(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	const char *received;
	struct str frame;
	struct focus f;

	focus_joined(&f, s);
	whispers(&f, "w1", "Success-Report: yes\r\n");
	n = focus_shown(s, "message", "Romeo");
	assert_non_null(x_child(n, "request", RECEIPTS));
	received =
	    arena_printf(s->arena, "<received xmlns='" RECEIPTS "' id='%.*s'/>",
			 STR_ARG(x_attr(n, "id")))
		.p;
	assert_true(msrp_take(&f.u).n == 0);
	focus_user_says(s, "/Romeo", "chat", "r0",
			"<received xmlns='" RECEIPTS "' id='other'/>");
	assert_true(msrp_take(&f.u).n == 0);
	focus_user_says(s, "/Romeo", "chat", "r1", received);
	frame = focus_hears(&f, " REPORT\r\n");
	assert_true(has(frame, "Message-ID: w1\r\n"));
	assert_true(has(frame, "Status: 000 200"));
	focus_user_says(s, "/Romeo", "chat", "r2", received);
	assert_true(msrp_take(&f.u).n == 0);
	assert_true(xmpp_none(s, JULIET));
	whispers(&f, "w2", "");
	n = focus_shown(s, "message", "Romeo");
	assert_null(x_child(n, "request", RECEIPTS));
	focus_done(&f);
}

/* RFC 5438: he asks for a notification, and gets one from her. */
static void test_notification(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct str frame;
	struct focus f;

	focus_joined(&f, s);
	msrp_send_cpim(&f.u, "w1", "",
		       STR("From: <sip:romeo@sip.test>\r\n"
			   "To: <sip:juliet@x.test;gr=balcony>\r\n"
			   "NS: imdn <urn:ietf:params:imdn>\r\n"
			   "imdn.Message-ID: 34jk\r\n"
			   "imdn.Disposition-Notification: "
			   "positive-delivery\r\n\r\n"
			   "Content-Type: text/plain\r\n\r\npsst"));
	assert_int_equal(msrp_status(&f.u), 200);
	n = focus_shown(s, "message", "Romeo");
	assert_non_null(x_child(n, "request", RECEIPTS));
	focus_user_says(
	    s, "/Romeo", "chat", "r1",
	    arena_printf(s->arena, "<received xmlns='" RECEIPTS "' id='%.*s'/>",
			 STR_ARG(x_attr(n, "id")))
		.p);
	frame = focus_hears(&f, "<message-id>34jk</message-id>");
	assert_true(has(frame, "From: <sip:juliet@x.test;gr=balcony>"));
	assert_true(has(frame, "To: <sip:romeo@sip.test>"));
	assert_true(has(frame, "<delivered/>"));
	assert_true(msrp_take(&f.u).n == 0);
	focus_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_hers),
	    FOCUS_TEST(test_his),
	    FOCUS_TEST(test_notification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
