/* The clients and servers that people really use, in the forms that they put on
 * the wire. */
#include "callee.h"

#include <stdlib.h>

#define ROOM "sip:r@chat.test"

static int setup(void **state)
{
	*state = scene_new("domain \"chat.test\" { secret = \"x\" "
			   "rooms = local lock = no notify-interval = 0 }\n");
	return 0;
}

/* A description with these lines after the path. */
static struct str description(struct sip_user *u, unsigned port,
			      const char *lines)
{
	return arena_printf(u->s->arena,
			    "v=0\r\no=- %u 1 IN IP4 10.0.0.5\r\ns=-\r\n"
			    "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
			    "m=message %u TCP/MSRP *\r\n"
			    "a=path:%s\r\n%s",
			    ++u->ids, port, u->own_path, lines);
}

/* Is in once his first request has been answered. */
static void enter(struct sip_user *u, struct scene *s, const char *name,
		  const char *lines)
{
	sip_user_init(u, s, name, ROOM);
	assert_int_equal(sip_user_invite(u, description(u, 2855, lines)), 200);
	sip_user_ack(u);
	sip_user_bind(u);
}

/* SEND of these header lines and this body; the status. */
static int send_body(struct sip_user *u, const char *headers, struct str body,
		     char flag)
{
	static unsigned n;
	struct str frame = arena_printf(
	    u->s->arena,
	    "MSRP peer%u SEND\r\nTo-Path: %.*s\r\nFrom-Path: %s\r\n%s\r\n"
	    "%.*s\r\n-------peer%u%c\r\n",
	    n, STR_ARG(u->path), u->own_path, headers, STR_ARG(body), n, flag);

	n++;
	msrp_put(u, frame);
	return msrp_status(u);
}

/* What stoxd says first to one whom it calls has no body; the notice for those
 * who know nothing of rooms comes after it. */
static void begins_without_body(struct callee *c, struct scene *s)
{
	struct str first = callee_hears(c, s, "$\r\n");

	first.n = (size_t)str_search(first, STR("$\r\n"));
	assert_true(has(first, " SEND\r\n"));
	assert_false(has(first, "Content-Type"));
}

/* --- Blink, and all that is built on python-sipsimple --- */

#define BLINK                                                                  \
	"a=accept-types:message/cpim text/* image/* "                          \
	"application/im-iscomposing+xml\r\n"                                   \
	"a=accept-wrapped-types:text/* image/* "                               \
	"application/im-iscomposing+xml\r\n"                                   \
	"a=setup:active\r\n"                                                   \
	"a=chatroom:nickname private-messages "                                \
	"com.ag-projects.screen-sharing\r\n"

/* The form of python-sipsimple: MIME headers end in a bare LF, the charset has
 * a name of its own. */
static struct str sipsimple_cpim(struct sip_user *u, const char *to,
				 const char *text)
{
	return arena_printf(u->s->arena,
			    "From: \"%s\" <sip:%s@sip.test>\r\nTo: <%s>\r\n"
			    "DateTime: 2026-11-21T10:00:00.123456+00:00\r\n"
			    "\r\nMIME-Version: 1.0\nContent-Type: text/plain; "
			    "charset=\"utf8\"\n\n%s",
			    u->name, u->name, to, text);
}

/* CPIM-2, CPIM-9, CPIM-12, CPIM-14, CHAT-42: nothing of it is altered */
static void test_blink(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str cpim;

	enter(&a, s, "alice", BLINK);
	enter(&b, s, "bob", BLINK);
	assert_true(has(a.sdp, "a=chatroom:nickname private-messages\r\n"));
	assert_true(has(a.sdp, "a=setup:passive\r\n"));
	cpim = sipsimple_cpim(&a, ROOM, "hello");
	assert_int_equal(send_body(&a,
				   "Message-ID: b1\r\nByte-Range: 1-*/*\r\n"
				   "Success-Report: yes\r\n"
				   "Failure-Report: yes\r\n"
				   "Content-Type: message/cpim\r\n",
				   cpim, '$'),
			 200);
	assert_true(has(msrp_take(&a), "Status: 000 200"));
	assert_true(str_eq(msrp_cpim(&b), cpim));
	assert_int_equal(msrp_nickname(&a, "Al Ice"), 200);
	msrp_request(&a, "SEND",
		     "Message-ID: alive\r\nByte-Range: 1-0/0\r\n"
		     "Keep-Alive: yes\r\n");
	assert_int_equal(msrp_status(&a), 200);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* MSRP-33: its library ends the session on a chunk that is not the last */
static void test_blink_gets_one_chunk(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str text, frame;
	char *z = malloc(40001);

	enter(&a, s, "alice", BLINK);
	enter(&b, s, "bob", BLINK);
	memset(z, 'x', 40000);
	z[40000] = '\0';
	text = sipsimple_cpim(&a, ROOM, z);
	assert_int_equal(send_body(&a,
				   "Message-ID: b2\r\nByte-Range: 1-*/*\r\n"
				   "Content-Type: message/cpim\r\n",
				   text, '$'),
			 200);
	frame = msrp_take(&b);
	assert_true(has(frame, "Byte-Range: 1-*/"));
	assert_true(frame.p[frame.n - 3] == '$');
	assert_true(has(frame, z));
	assert_int_equal(msrp_take(&b).n, 0);
	free(z);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* Its REFER has the address in Referred-By bare. */
static void test_blink_refers(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg m = port_msg(PORT_REQUEST), dial;

	enter(&a, s, "alice", BLINK);
	m.dlg = ++s->ids;
	m.req = ++s->ids;
	m.cseq = 1;
	m.new_dialog = true;
	m.f[PORT_F_METHOD] = STR("REFER");
	m.f[PORT_F_RURI] = STR(ROOM);
	m.f[PORT_F_FROM] = STR("\"alice\" <sip:alice@sip.test>;tag=r");
	m.f[PORT_F_TO] = STR("<" ROOM ">");
	m.f[PORT_F_CONTACT] = STR("sip:alice@10.0.0.5");
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_REFER_TO] = STR("<sip:carol@sip.test>;method=INVITE");
	m.f[PORT_F_REFERRED_BY] = STR("sip:alice@sip.test");
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	dial = scene_sip(s, PORT_DIAL, NULL);
	assert_true(has(dial.f[PORT_F_RURI], "sip:carol@sip.test"));
	assert_true(
	    has(dial.f[PORT_F_HEADERS], "Referred-By: sip:alice@sip.test\r\n"));
	sip_user_done(&a);
}

/* Some builds answer our offer as the side that waits: we connect, with a
 * request that has no body. */
static void test_blink_waits(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct callee c;

	sip_user_init(&a, s, "alice", ROOM);
	callee_listen(&c, &a);
	assert_int_equal(sip_user_invite(&a, STR_NONE), 200);
	sip_user_ack_with(&a,
			  description(&a, c.port,
				      "a=accept-types:message/cpim text/*\r\n"
				      "a=accept-wrapped-types:text/*\r\n"
				      "a=setup:passive\r\n"));
	assert_true(callee_called(&c, s));
	begins_without_body(&c, s);
	callee_done(&c);
	sip_user_done(&a);
}

/* --- SylkServer, whose room is invited into ours --- */

static struct port_msg dialled(struct sip_user *u, const char *whom)
{
	struct scene *s = u->s;
	struct port_msg m = port_msg(PORT_REQUEST), n;

	m.dlg = u->dlg;
	m.req = ++s->ids;
	m.cseq = ++u->cseq;
	m.f[PORT_F_METHOD] = STR("REFER");
	m.f[PORT_F_RURI] = STR(ROOM);
	m.f[PORT_F_FROM] =
	    arena_printf(s->arena, "<sip:%s@sip.test>;tag=1", u->name);
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_REFER_TO] = str_z(whom);
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	n = scene_sip(s, PORT_SEND, "NOTIFY");
	scene_sip_response(s, &n, 200);
	return scene_sip(s, PORT_DIAL, NULL);
}

static void answers(struct scene *s, const struct port_msg *dial, int status,
		    const char *reason, struct str body)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.dlg = dial->dlg;
	m.req = dial->req;
	m.status = status;
	m.f[PORT_F_REASON] = str_z(reason);
	m.f[PORT_F_CONTACT] = STR("sip:conf@10.0.0.6");
	if (body.n)
		m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = body;
	scene_sip_event(s, &m);
}

static void callee_says(struct callee *c, struct scene *s, struct str bytes)
{
	assert_int_equal(write(c->fd, bytes.p, bytes.n), bytes.n);
	loop_settle(s->loop);
}

/* It wants message/cpim named, waits for us, and takes nothing but a request
 * without a body first. Its notices go on as they are, for clients that know
 * their headers. MSRP-72, CPIM-14. */
static void test_sylkserver(void **state)
{
	static const char notice[] =
	    "From: Conference Room <sip:conf@sylk.test>\r\nTo: <" ROOM
	    ">\r\nDateTime: 2026-11-21T10:00:00.123456+00:00\r\n"
	    "NS: agp <urn:ag-projects:xml:ns:cpim>\r\n"
	    "agp.Message-Type: status\r\n\r\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=\"utf8\"\n\nwelcome";
	struct scene *s = *state;
	struct sip_user a, sylk;
	struct callee c;
	struct port_msg d;
	struct str path;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	d = dialled(&a, "<sip:conf@sylk.test>");
	path = d.f[PORT_F_BODY];
	assert_true(has(path, "a=accept-types:message/cpim\r\n"));
	path = str_from(path, (size_t)str_search(path, STR("a=path:")) + 7);
	path = str_split(&path, '\r');
	sip_user_init(&sylk, s, "conf", ROOM);
	callee_listen(&c, &sylk);
	answers(s, &d, 200, "OK",
		description(&sylk, c.port,
			    "a=accept-types:message/cpim\r\n"
			    "a=accept-wrapped-types:*\r\na=setup:passive\r\n"
			    "a=chatroom:nickname private-messages "
			    "com.ag-projects.screen-sharing "
			    "com.ag-projects.zrtp-sas\r\n"));
	assert_true(callee_called(&c, s));
	begins_without_body(&c, s);
	callee_says(&c, s,
		    arena_printf(s->arena,
				 "MSRP sylk1 SEND\r\nTo-Path: %.*s\r\n"
				 "From-Path: %s\r\nMessage-ID: s1\r\n"
				 "Byte-Range: 1-*/*\r\n"
				 "Content-Type: message/cpim\r\n\r\n%s"
				 "\r\n-------sylk1$\r\n",
				 STR_ARG(path), sylk.own_path, notice));
	assert_true(has(callee_hears(&c, s, "MSRP sylk1 "), "sylk1 200 OK"));
	assert_true(str_eq(msrp_cpim(&a), str_z(notice)));
	assert_int_equal(msrp_say(&a, ROOM, "hello"), 200);
	assert_false(has(callee_hears(&c, s, "hello"), "+\r\n"));
	callee_done(&c);
	sip_user_done(&a);
	sip_user_done(&sylk);
}

/* FOCUS-21: 488 to the other transport goes to who invited it. */
static void test_sylkserver_refuses(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg d, n;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	d = dialled(&a, "<sip:conf@sylk.test>");
	answers(s, &d, 488, "Not Acceptable Here", STR_NONE);
	scene_run(s, 1000);
	n = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_true(str_eq(n.f[PORT_F_BODY],
			   STR("SIP/2.0 488 Not Acceptable Here\r\n")));
	sip_user_done(&a);
}

/* --- others --- */

/* OpenSIPS' msrp_ua: neither a=setup nor wrapped types nor a=chatroom. All
 * types come, nobody names him privately. */
static void test_opensips(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	enter(&a, s, "alice", "a=accept-types:message/cpim\r\n");
	assert_true(has(a.sdp, "a=setup:passive\r\n"));
	while (msrp_take(&a).n)
		;
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:private-messages\r\n");
	assert_int_equal(msrp_say(&b, ROOM, "hello"), 200);
	assert_true(has(msrp_cpim(&a), "hello"));
	assert_int_equal(msrp_say(&b, "sip:alice@sip.test", "psst"), 428);
	assert_int_equal(send_body(&a,
				   "Message-ID: o1\r\nSuccess-Report: yes\r\n"
				   "Content-Type: message/cpim\r\n",
				   STR("From: <sip:alice@sip.test>\r\n"
				       "To: <" ROOM ">\r\n\r\n"
				       "Content-Type: text/plain\r\n\r\nhi"),
				   '$'),
			 200);
	assert_true(has(msrp_take(&a), "Status: 000 200"));
	assert_true(has(msrp_cpim(&b), "\r\n\r\nhi"));
	/* a NICKNAME would make it close: whatever happens, it hears none */
	assert_int_equal(msrp_nickname(&b, "\"Bob\""), 200);
	assert_int_equal(msrp_take(&a).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* Both sides say setup:active: we are, as an odd offer wanted, and when its
 * peer answers a later offer of ours he says that he is. What is connected
 * stays. SDP-9, SDP-10. */
static void test_both_active(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct callee c;

	sip_user_init(&a, s, "alice", ROOM);
	callee_listen(&c, &a);
	assert_int_equal(
	    sip_user_invite(&a, description(&a, c.port,
					    "a=accept-types:message/cpim\r\n"
					    "a=setup:passive\r\n")),
	    200);
	sip_user_ack(&a);
	assert_true(callee_called(&c, s));
	begins_without_body(&c, s);
	assert_int_equal(sip_user_invite(&a, STR_NONE), 200);
	assert_true(has(a.sdp, "a=setup:active\r\n"));
	sip_user_ack_with(&a, description(&a, c.port,
					  "a=accept-types:message/cpim\r\n"
					  "a=setup:active\r\n"));
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	assert_int_equal(msrp_say(&b, ROOM, "still connected"), 200);
	assert_true(has(callee_hears(&c, s, "still connected"), "cpim"));
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	callee_done(&c);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FreeSWITCH waits for us, and knows no nicknames. SDP-9, MSRP-72. */
static void test_freeswitch(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct callee c;

	sip_user_init(&a, s, "alice", ROOM);
	callee_listen(&c, &a);
	assert_int_equal(
	    sip_user_invite(&a, description(&a, c.port,
					    "a=accept-types:message/cpim "
					    "text/*\r\n"
					    "a=accept-wrapped-types:*\r\n"
					    "a=setup:passive\r\n")),
	    200);
	assert_true(has(a.sdp, "a=setup:active\r\n"));
	sip_user_ack(&a);
	assert_true(callee_called(&c, s));
	begins_without_body(&c, s);
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	assert_int_equal(msrp_say(&b, ROOM, "hello"), 200);
	assert_true(has(callee_hears(&c, s, "hello"), "message/cpim"));
	callee_done(&c);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* RCS: CEMA, the draft's a=connection, its own spelling of max-size, chunks of
 * 2048 octets. SDP-8, SDP-9, SDP-11, MSRP-29. */
static void test_rcs(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str cpim;
	char *z = malloc(5001);

	enter(&a, s, "alice",
	      "a=accept-types:message/cpim\r\n"
	      "a=accept-wrapped-types:text/plain message/imdn+xml\r\n"
	      "a=setup:active\r\na=connection:new\r\na=msrp-cema\r\n"
	      "a=maxsize:3000\r\n");
	assert_true(has(a.sdp, "a=msrp-cema\r\n"));
	assert_false(has(a.sdp, "a=connection"));
	while (msrp_take(&a).n)
		;
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	memset(z, 'x', 5000);
	z[5000] = '\0';
	cpim = arena_printf(s->arena,
			    "From: <sip:alice@sip.test>\r\nTo: <" ROOM
			    ">\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
			    "imdn.Message-ID: 34jk324j\r\n\r\n"
			    "Content-Type: text/plain\r\n\r\n%s",
			    z);
	for (size_t at = 0; at < cpim.n; at += 2048) {
		struct str part = str_from(cpim, at);
		bool last = part.n <= 2048;

		if (!last)
			part.n = 2048;
		assert_int_equal(
		    send_body(&a,
			      arena_printf(s->arena,
					   "Message-ID: rcs1\r\n"
					   "Byte-Range: %zu-%zu/%zu\r\n"
					   "Content-Type: message/cpim\r\n",
					   at + 1, at + part.n, cpim.n)
				  .p,
			      part, last ? '$' : '+'),
		    200);
	}
	assert_true(str_eq(msrp_cpim(&b), cpim));
	assert_int_equal(msrp_say(&b, ROOM, z), 200);
	/* over his maxsize: not sent, but told */
	assert_true(has(msrp_cpim(&a), "does not take as much"));
	assert_int_equal(msrp_take(&a).n, 0);
	assert_int_equal(msrp_say(&b, ROOM, "short"), 200);
	assert_true(has(msrp_cpim(&a), "short"));
	free(z);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* msrp-node-lib: chunks that cut a character in two, heartbeats of a type of
 * its own. CPIM-14, CPIM-15. */
static void test_node_lib(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str cpim = STR("From: <sip:alice@sip.test>\r\nTo: <" ROOM
			      ">\r\n\r\nContent-Type: text/plain\r\n\r\n"
			      "na\xc3\xafve"),
		   part = cpim;
	const char *second;

	enter(&a, s, "alice",
	      "a=accept-types:message/cpim text/plain\r\n"
	      "a=accept-wrapped-types:text/plain\r\na=setup:active\r\n");
	while (msrp_take(&a).n)
		;
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	part.n -= 3; /* the first octet of two */
	second = arena_printf(s->arena,
			      "Message-ID: n1\r\nByte-Range: %zu-*/%zu\r\n"
			      "Content-Type: message/cpim\r\n",
			      part.n + 1, cpim.n)
		     .p;
	assert_int_equal(
	    send_body(&a,
		      arena_printf(s->arena,
				   "Message-ID: n1\r\nByte-Range: 1-*/%zu\r\n"
				   "Content-Type: message/cpim\r\n",
				   cpim.n)
			  .p,
		      part, '+'),
	    200);
	assert_int_equal(send_body(&a, second, str_from(cpim, part.n), '$'),
			 200);
	assert_true(str_eq(msrp_cpim(&b), cpim));
	assert_int_equal(send_body(&a,
				   "Message-ID: hb\r\n"
				   "Content-Type: text/x-msrp-heartbeat\r\n",
				   STR("HEARTBEAT"), '$'),
			 200);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* MSRP-3: ids of 36 characters; MSRP-9: headers that nobody knows */
static void test_long_ids(void **state)
{
	struct scene *s = *state;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	msrp_put(&a,
		 arena_printf(s->arena,
			      "MSRP 0f8fad5b-d9cb-469f-a165-70867728950e SEND"
			      "\r\nTo-Path: %.*s\r\nFrom-Path: %s\r\n"
			      "Message-ID: 7c9e6679-7425-40de-944b-"
			      "e07fc1f90ae7\r\nX-Vendor: 1\r\n"
			      "-------0f8fad5b-d9cb-469f-a165-70867728950e$"
			      "\r\n",
			      STR_ARG(a.path), a.own_path));
	assert_int_equal(msrp_status(&a), 200);
	sip_user_done(&a);
}

#define SCENE(f) cmocka_unit_test_setup_teardown(f, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SCENE(test_blink),	      SCENE(test_blink_gets_one_chunk),
	    SCENE(test_blink_refers), SCENE(test_blink_waits),
	    SCENE(test_opensips),     SCENE(test_freeswitch),
	    SCENE(test_rcs),	      SCENE(test_node_lib),
	    SCENE(test_long_ids),     SCENE(test_both_active),
	    SCENE(test_sylkserver),   SCENE(test_sylkserver_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
