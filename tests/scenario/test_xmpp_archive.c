/* The archive of a room and what moderators remove: IQ-8, XEP-0313, XEP-0059,
 * XEP-0424 §5, XEP-0425. */
#include "heard.h"

#include <stdio.h>

#include "gateway/store.h"
#include "tests/lib/xmlin.h"
#include "xmpp/moderated.h"

#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local lock = false "    \
	"notify-interval = 0 persistent = true history = 5 "
#define ROOM "sip:r@chat.test"
#define CYD  "cyd@x.test/3"

#define FIELD(var, value)                                                      \
	"<field var='" var "'><value>" value "</value></field>"
#define FORM(fields)                                                           \
	"<x xmlns='" NS_XDATA "' type='submit'>" FIELD("FORM_TYPE", NS_MAM)    \
	    fields "</x>"
#define RSM(inside) "<set xmlns='" NS_RSM "'>" inside "</set>"

static int setup(void **state)
{
	*state = scene_new_stored(DOMAIN "logged = true }\n");
	join(*state, ANN, "Ann");
	join(*state, BEN, "Ben");
	xmpp_drop(*state);
	return 0;
}

static int setup_unlogged(void **state)
{
	*state = scene_new_stored(DOMAIN "}\n");
	join(*state, ANN, "Ann");
	xmpp_drop(*state);
	return 0;
}

/* The store's thread has done what it was asked. */
static void settle(struct scene *s)
{
	scene_run(s, 0);
	store_flush(s->store);
	scene_run(s, 0);
	store_flush(s->store); /* what came of it */
	scene_run(s, 0);
}

static void put_iq(struct scene *s, const char *from, const char *type,
		   const char *payload)
{
	xmpp_put(s, "<iq from='%s' to='r@chat.test' type='%s' id='q'>%s</iq>",
		 from, type, payload);
}

static void put_query(struct scene *s, const char *from, const char *inside)
{
	char payload[4096];

	snprintf(payload, sizeof(payload),
		 "<query xmlns='" NS_MAM "' queryid='z'>%s</query>", inside);
	put_iq(s, from, "set", payload);
}

/* An answer: its messages' texts, each with a blank after it, and its end. */
struct answer {
	char texts[4096], first_id[64], last_id[64];
	size_t n;
	const struct xnode *iq, *fin, *set;
	const struct xnode *last; /* the last message */
};

static void add_message(struct scene *s, struct answer *a,
			const struct xnode *m)
{
	const struct xnode *r = x_child(m, "result", NS_MAM);
	const struct xnode *f = x_child(r, "forwarded", NULL);
	const struct xnode *in = x_child(f, "message", NS_CLIENT);
	size_t n = strlen(a->texts);

	assert_true(str_eq(x_attr(m, "from"), STR("r@chat.test")));
	assert_true(str_eq(x_attr(r, "queryid"), STR("z")));
	assert_non_null(x_child(f, "delay", NS_DELAY));
	assert_true(str_eq(x_attr(r, "id"),
			   x_attr(x_child(in, "stanza-id", NS_SID), "id")));
	assert_false(x_has_attr(in, "to"));
	snprintf(a->texts + n, sizeof(a->texts) - n, "%s ",
		 xmpp_text(s, in, "body"));
	if (a->n++ == 0)
		snprintf(a->first_id, sizeof(a->first_id), "%.*s",
			 STR_ARG(x_attr(r, "id")));
	snprintf(a->last_id, sizeof(a->last_id), "%.*s",
		 STR_ARG(x_attr(r, "id")));
	a->last = in;
}

static struct answer answer_to(struct scene *s, const char *who)
{
	struct answer a = {0};
	const struct xnode *n;

	settle(s);
	while (x_is(n = xmpp_take(s, who), "message", NULL))
		add_message(s, &a, n);
	assert_true(x_is(n, "iq", NULL));
	assert_true(xmpp_none(s, who));
	a.iq = n;
	a.fin = x_child(n, "fin", NS_MAM);
	a.set = x_child(a.fin, "set", NS_RSM);
	return a;
}

/* What comes at once. */
static struct answer answer_to_first(struct scene *s, const char *who)
{
	struct answer a = {.iq = xmpp_take(s, who)};

	return a;
}

static struct answer query(struct scene *s, const char *who, const char *inside)
{
	put_query(s, who, inside);
	return answer_to(s, who);
}

static void assert_refused(struct answer a, const char *type,
			   const char *condition)
{
	const struct xnode *e = x_child(a.iq, "error", NULL);

	assert_int_equal(a.n, 0);
	assert_true(str_eq(x_attr(e, "type"), str_z(type)));
	assert_non_null(x_child(e, condition, NS_STANZAS));
}

static void say_some(struct scene *s, int from, int to)
{
	for (int i = from; i <= to; i++) {
		char id[16], text[16];

		snprintf(id, sizeof(id), "m%d", i);
		snprintf(text, sizeof(text), "t%d", i);
		say(s, i % 2 ? ANN : BEN, id, text);
		scene_run(s, 1000);
	}
	xmpp_drop(s);
}

/* IQ-8: paging through what XMPP and SIP users said, in the room's order. */
static void test_pages(void **state)
{
	struct scene *s = *state;
	struct sip_user al;
	struct answer a;
	char next[512];

	say_some(s, 1, 4);
	sip_user_join(&al, s, "al", ROOM, "");
	while (msrp_take(&al).n)
		;
	assert_int_equal(msrp_say(&al, ROOM, "sip5"), 200);
	xmpp_drop(s);
	say_some(s, 6, 7);

	a = query(s, BEN, RSM("<max>3</max>"));
	assert_string_equal(a.texts, "t1 t2 t3 ");
	assert_false(x_has_attr(a.fin, "complete"));
	assert_string_equal(xmpp_text(s, a.set, "count"), "7");
	assert_string_equal(xmpp_text(s, a.set, "first"), a.first_id);
	assert_string_equal(xmpp_text(s, a.set, "last"), a.last_id);
	snprintf(next, sizeof(next), RSM("<max>3</max><after>%s</after>"),
		 a.last_id);
	a = query(s, BEN, next);
	assert_string_equal(a.texts, "t4 sip5 t6 ");
	assert_true(
	    str_eq(x_attr(x_child(a.set, "first", NULL), "index"), STR("3")));
	snprintf(next, sizeof(next), RSM("<max>3</max><after>%s</after>"),
		 a.last_id);
	a = query(s, BEN, next);
	assert_string_equal(a.texts, "t7 ");
	assert_true(str_eq(x_attr(a.fin, "complete"), STR("true")));

	/* backwards, and one page reversed */
	a = query(s, BEN, RSM("<max>2</max><before/>"));
	assert_string_equal(a.texts, "t6 t7 ");
	snprintf(next, sizeof(next), RSM("<max>2</max><before>%s</before>"),
		 a.first_id);
	a = query(s, BEN, next);
	assert_string_equal(a.texts, "t4 sip5 ");
	a = query(s, BEN, RSM("<max>2</max><before/>") "<flip-page/>");
	assert_string_equal(a.texts, "t7 t6 ");

	/* from the middle (XEP-0059 §2.4) */
	a = query(s, BEN, RSM("<max>2</max><index>3</index>"));
	assert_string_equal(a.texts, "t4 sip5 ");
	assert_true(
	    str_eq(x_attr(x_child(a.set, "first", NULL), "index"), STR("3")));
	a = query(s, BEN, RSM("<max>2</max><index>7</index>"));
	assert_int_equal(a.n, 0);
	assert_string_equal(xmpp_text(s, a.set, "count"), "7");
	assert_refused(query(s, BEN, RSM("<index>-1</index>")), "modify",
		       "bad-request");

	a = query(s, BEN, RSM("<max>0</max>"));
	assert_string_equal(xmpp_text(s, a.set, "count"), "7");
	assert_int_equal(a.n, 0);
	assert_refused(query(s, BEN, RSM("<after>nosuch</after>")), "cancel",
		       "item-not-found");
	assert_refused(query(s, BEN, RSM("<max>-1</max>")), "modify",
		       "bad-request");
	sip_user_done(&al);
}

/* The message in the archive is the one that was sent: id, stanza-id,
 * occupant-id, payload. */
static void test_as_it_was_sent(void **state)
{
	struct scene *s = *state;
	const struct xnode *live, *kept;
	struct answer a;

	xmpp_put(s, "<message from='" BEN "' to='r@chat.test' "
		    "type='groupchat' id='m1'><body>hi</body><reference "
		    "xmlns='urn:xmpp:reference:0' uri='xmpp:a@x.test'/>"
		    "</message>");
	xmpp_put(s, "<message from='" BEN "' to='r@chat.test' "
		    "type='groupchat' id='m2'><reactions id='x' "
		    "xmlns='urn:xmpp:reactions:0'/></message>");
	xmpp_put(s, "<message from='" BEN "' to='r@chat.test' "
		    "type='groupchat' id='m3'><composing "
		    "xmlns='" NS_CHATSTATES "'/></message>");
	xmpp_put(s, "<message from='" BEN "' to='r@chat.test/Ann' "
		    "type='chat' id='m4'><body>psst</body></message>");
	live = xmpp_take(s, ANN);
	xmpp_drop(s);
	a = query(s, BEN, FORM(FIELD("with", "r@chat.test/Ben")));
	assert_int_equal(a.n, 2); /* and the reaction; nothing private */
	a = query(s, BEN, RSM("<max>1</max>"));
	kept = a.last;
	assert_true(str_eq(x_attr(kept, "from"), STR("r@chat.test/Ben")));
	assert_true(str_eq(x_attr(kept, "id"), STR("m1")));
	assert_non_null(x_child(kept, "reference", NULL));
	assert_true(str_eq(x_attr(x_child(kept, "stanza-id", NS_SID), "id"),
			   x_attr(x_child(live, "stanza-id", NS_SID), "id")));
	assert_true(
	    str_eq(x_attr(x_child(kept, "occupant-id", NS_OCCUPANT), "id"),
		   x_attr(x_child(live, "occupant-id", NS_OCCUPANT), "id")));
	/* PRIV: Ben does not see who it was, a moderator does */
	assert_null(x_child(kept, "x", NS_MUC_USER));
	a = query(s, ANN, RSM("<max>1</max>"));
	assert_true(str_eq(
	    x_attr(x_child(x_child(a.last, "x", NS_MUC_USER), "item", NULL),
		   "jid"),
	    STR("ben@x.test")));
}

/* Whoever reads on where he left off learns what the subject became: set by an
 * XMPP user, by a SIP user, and taken back. */
static void test_subjects(void **state)
{
	struct scene *s = *state;
	const struct xnode *live, *id;
	struct sip_user al;
	struct answer a;

	xmpp_put(s, "<message from='" ANN "' to='r@chat.test' "
		    "type='groupchat' id='s1'><subject>one &amp; all</subject>"
		    "</message>");
	live = xmpp_take(s, BEN);
	id = x_child(live, "stanza-id", NS_SID);
	xmpp_drop(s);
	a = query(s, BEN, "");
	assert_int_equal(a.n, 1);
	assert_string_equal(xmpp_text(s, a.last, "subject"), "one & all");
	assert_null(x_child(a.last, "body", NULL));
	assert_true(str_eq(x_attr(a.last, "id"), STR("s1")));
	assert_true(str_eq(x_attr(a.last, "from"), STR("r@chat.test/Ann")));
	assert_string_equal(a.first_id,
			    arena_dup(s->arena, x_attr(id, "id")).p);

	sip_user_join(&al, s, "al", ROOM, "");
	while (msrp_take(&al).n)
		;
	msrp_request(&al, "SEND",
		     "Message-ID: s2\r\nByte-Range: 1-104/104\r\n"
		     "Content-Type: message/cpim\r\n\r\n"
		     "From: <sip:al@sip.test>\r\nTo: <" ROOM ">\r\n"
		     "Subject: two\r\n\r\nContent-Type: text/plain\r\n\r\n"
		     "\r\n");
	assert_int_equal(msrp_status(&al), 200);
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test' "
		    "type='groupchat' id='s3'><subject/></message>");
	xmpp_drop(s);
	a = query(s, BEN, RSM("<index>1</index>"));
	assert_int_equal(a.n, 2);
	assert_non_null(x_child(a.last, "subject", NULL));
	assert_string_equal(xmpp_text(s, a.last, "subject"), "");
	a = query(s, BEN, RSM("<index>1</index><max>1</max>"));
	assert_string_equal(xmpp_text(s, a.last, "subject"), "two");
	assert_true(str_eq(x_attr(a.last, "from"), STR("r@chat.test/al")));
	sip_user_done(&al);
}

static void test_filters(void **state)
{
	struct scene *s = *state;
	struct answer a;
	char inside[1024], one[64];

	say_some(s, 1, 6);
	a = query(s, ANN, FORM(FIELD("with", "r@chat.test/Ben")));
	assert_string_equal(a.texts, "t2 t4 t6 ");
	a = query(s, ANN, FORM(FIELD("with", "ann@x.test")));
	assert_string_equal(a.texts, "t1 t3 t5 ");
	assert_refused(query(s, BEN, FORM(FIELD("with", "ann@x.test"))), "auth",
		       "forbidden");
	a = query(s, ANN, FORM(FIELD("start", "2020-01-01T00:00:00Z")));
	assert_int_equal(a.n, 6);
	a = query(s, ANN, FORM(FIELD("end", "2020-01-01T00:00:00Z")));
	assert_int_equal(a.n, 0);
	assert_true(str_eq(x_attr(a.fin, "complete"), STR("true")));
	a = query(s, ANN, RSM("<max>2</max>"));
	snprintf(one, sizeof(one), "%s", a.last_id);
	snprintf(inside, sizeof(inside),
		 FORM("<field var='ids'><value>%s</value><value>%s</value>"
		      "</field>"),
		 one, a.first_id);
	a = query(s, ANN, inside);
	assert_string_equal(a.texts, "t1 t2 ");
	snprintf(inside, sizeof(inside),
		 FORM(FIELD("after-id", "%s")) RSM("<max>1</max><before/>"),
		 one);
	a = query(s, ANN, inside);
	assert_string_equal(a.texts, "t6 ");
	assert_string_equal(xmpp_text(s, a.set, "count"), "4");

	assert_refused(query(s, ANN, FORM(FIELD("ids", "nosuch"))), "cancel",
		       "item-not-found");
	assert_refused(query(s, ANN, FORM(FIELD("moon", "full"))), "cancel",
		       "feature-not-implemented");
	assert_refused(query(s, ANN, FORM(FIELD("start", "yesterday"))),
		       "modify", "bad-request");
}

/* IQ-8: who may not enter now may not look either; others need not be in. */
static void test_rights(void **state)
{
	struct scene *s = *state;
	struct room *r = rooms_find(s->core.rooms, STR("r@chat.test"));
	struct answer a;

	say_some(s, 1, 2);
	a = query(s, CYD, "");
	assert_string_equal(a.texts, "t1 t2 ");
	room_set_affiliation(r, STR("xmpp:cyd@x.test"), AFF_OUTCAST, STR_NONE,
			     STR_NONE);
	room_set_affiliation(r, STR("cyd@x.test"), AFF_OUTCAST, STR_NONE,
			     STR_NONE);
	xmpp_drop(s);
	assert_refused(query(s, CYD, ""), "auth", "forbidden");

	/* five at once are too many */
	for (int i = 0; i < 5; i++)
		front_xmpp_stanza(
		    s->core.front_xmpp, STR("chat.test"),
		    xmlin_parse(s->arena,
				STR("<iq xmlns='jabber:client' from='" BEN
				    "' to='r@chat.test' type='set' id='q'>"
				    "<query xmlns='" NS_MAM "'/></iq>")));
	assert_refused(answer_to_first(s, BEN), "wait", "resource-constraint");
}

static bool has_feature(struct scene *s, const char *var)
{
	const struct xnode *n;

	put_iq(s, ANN, "get", "<query xmlns='" NS_DISCO_INFO "'/>");
	n = x_child(x_child(xmpp_take(s, ANN), "query", NULL), "feature", NULL);
	for (; n; n = x_next(n, "feature", NULL))
		if (str_eq(x_attr(n, "var"), str_z(var)))
			return true;
	return false;
}

/* DISCO-4, IQ-8 */
static void test_logged_room(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;

	assert_true(has_feature(s, NS_MAM));
	assert_true(has_feature(s, NS_MAM "#extended"));
	assert_true(has_feature(s, NS_MODERATE));
	put_iq(s, ANN, "get", "<query xmlns='" NS_MAM "'/>");
	n = x_child(xmpp_take(s, ANN), "query", NS_MAM);
	assert_non_null(x_child(x_child(n, "x", NS_XDATA), "field", NULL));

	put_iq(s, ANN, "get", "<metadata xmlns='" NS_MAM "'/>");
	n = x_child(answer_to(s, ANN).iq, "metadata", NS_MAM);
	assert_null(x_child(n, NULL, NULL));
	say_some(s, 1, 3);
	put_iq(s, ANN, "get", "<metadata xmlns='" NS_MAM "'/>");
	n = x_child(answer_to(s, ANN).iq, "metadata", NS_MAM);
	assert_true(x_has_attr(x_child(n, "start", NULL), "timestamp"));
	assert_false(str_eq(x_attr(x_child(n, "start", NULL), "id"),
			    x_attr(x_child(n, "end", NULL), "id")));
}

static void test_unlogged_room(void **state)
{
	struct scene *s = *state;

	assert_false(has_feature(s, NS_MAM));
	assert_refused(query(s, ANN, ""), "cancel", "service-unavailable");
}

/* --- removing --- */

static void moderate(struct scene *s, const char *who, const char *id)
{
	char payload[512];

	snprintf(payload, sizeof(payload),
		 "<moderate xmlns='" NS_MODERATE
		 "' id='%s'><retract xmlns='" NS_RETRACT
		 "'/><reason>spam</reason></moderate>",
		 id);
	put_iq(s, who, "set", payload);
	settle(s);
}

/* What newcomers get of the history. */
static const char *history(struct scene *s)
{
	struct buf b = BUF_INIT(4096);
	struct str texts;
	const struct xnode *n;

	join(s, CYD, "Cyd");
	while (!xmpp_none(s, CYD)) {
		n = xmpp_take(s, CYD);
		if (x_child(n, "body", NULL)) {
			buf_addz(&b, xmpp_text(s, n, "body"));
			buf_addc(&b, ' ');
		}
	}
	texts = arena_dup(s->arena, buf_str(&b));
	buf_done(&b);
	return texts.p;
}

static void assert_tombstone(const struct xnode *m, const char *nick)
{
	assert_non_null(x_child(m, "retracted", NS_RETRACT));
	assert_null(x_child(m, "body", NULL));
	assert_true(has(x_attr(m, "from"), nick));
}

/* BODY-17, XEP-0425 §3.1, §4 */
static void test_moderation(void **state)
{
	struct scene *s = *state;
	const struct xnode *n, *retract;
	struct sip_user al;
	struct answer a;
	char id[64];

	say_some(s, 1, 3);
	sip_user_join(&al, s, "al", ROOM, "");
	while (msrp_take(&al).n)
		;
	xmpp_drop(s);
	a = query(s, ANN, FORM(FIELD("with", "r@chat.test/Ben")));
	snprintf(id, sizeof(id), "%s", a.last_id);

	moderate(s, BEN, id);
	assert_refused(answer_to(s, BEN), "auth", "forbidden");
	moderate(s, ANN, "nosuch");
	assert_refused(answer_to(s, ANN), "cancel", "item-not-found");

	moderate(s, ANN, id);
	n = xmpp_take(s, BEN);
	assert_true(str_eq(x_attr(n, "from"), STR("r@chat.test")));
	assert_true(str_eq(x_attr(n, "type"), STR("groupchat")));
	retract = x_child(n, "retract", NS_RETRACT);
	assert_true(str_eq(x_attr(retract, "id"), str_z(id)));
	assert_true(
	    str_eq(x_attr(x_child(retract, "moderated", NS_MODERATE), "by"),
		   STR("r@chat.test/Ann")));
	assert_string_equal(xmpp_text(s, retract, "reason"), "spam");
	assert_true(x_is(xmpp_take(s, ANN), "message", NULL));
	assert_true(str_eq(x_attr(xmpp_take(s, ANN), "type"), STR("result")));
	assert_true(has(msrp_cpim(&al), "A message of Ben was removed by a "
					"moderator: spam"));

	assert_string_equal(history(s), "t1 t3 ");
	xmpp_drop(s);
	a = query(s, ANN, RSM("<max>2</max>"));
	assert_true(str_eq(x_attr(a.last, "id"), STR("m2")));
	assert_tombstone(a.last, "/Ben");
	a = query(s, ANN, RSM("<max>1</max><before/>"));
	assert_non_null(x_child(a.last, "retract", NS_RETRACT));
	sip_user_done(&al);
}

/* What the history has no more is found in the archive. */
static void test_moderation_of_old(void **state)
{
	struct scene *s = *state;
	struct answer a;
	char id[64];

	say_some(s, 1, 9);
	a = query(s, ANN, RSM("<max>1</max>"));
	snprintf(id, sizeof(id), "%s", a.first_id);
	moderate(s, ANN, id);
	assert_non_null(x_child(xmpp_take(s, BEN), "retract", NS_RETRACT));
	xmpp_drop(s);
	settle(s);
	assert_tombstone(query(s, ANN, RSM("<max>1</max>")).last, "/Ann");
}

/* Without an archive what the history has can be removed. */
static void test_moderation_unlogged(void **state)
{
	struct scene *s = *state;
	const struct xnode *sid;
	char id[64];

	say(s, ANN, "m1", "t1");
	sid = x_child(xmpp_take(s, ANN), "stanza-id", NS_SID);
	snprintf(id, sizeof(id), "%.*s", STR_ARG(x_attr(sid, "id")));
	moderate(s, ANN, "nosuch");
	assert_refused(answer_to(s, ANN), "cancel", "item-not-found");
	moderate(s, ANN, id);
	xmpp_drop(s);
	assert_string_equal(history(s), "");
}

static void put_retraction(struct scene *s, const char *who, const char *id)
{
	xmpp_put(s,
		 "<message from='%s' to='r@chat.test' type='groupchat' "
		 "id='back'><retract xmlns='" NS_RETRACT "' id='%s'/>"
		 "</message>",
		 who, id);
	settle(s);
	xmpp_drop(s);
}

/* XEP-0424 §5: the author's own goes, nobody else's. */
static void test_retraction(void **state)
{
	struct scene *s = *state;
	struct answer a;
	char id[64];

	say_some(s, 1, 2);
	a = query(s, ANN, RSM("<max>1</max>"));
	snprintf(id, sizeof(id), "%s", a.first_id);
	put_retraction(s, BEN, id);
	a = query(s, ANN, RSM("<max>1</max>"));
	assert_string_equal(a.texts, "t1 ");
	put_retraction(s, ANN, id);
	a = query(s, ANN, RSM("<max>1</max>"));
	assert_tombstone(a.last, "/Ann");
	assert_null(strstr(history(s), "t1 "));
}

/* What is kept outlives the process, ids and order, and goes when it is old. */
static void test_restart_and_expiry(void **state)
{
	struct scene *s = *state;
	struct answer a;

	say_some(s, 1, 3);
	settle(s);
	scene_kill(s);
	scene_start(s, NULL, 0);
	xmpp_drop(s);
	a = query(s, CYD, "");
	assert_string_equal(a.texts, "t1 t2 t3 ");

	scene_run(s, 31ull * 86400000);
	settle(s);
	scene_run(s, 3600000);
	settle(s);
	xmpp_drop(s);
	assert_int_equal(query(s, CYD, "").n, 0);
}

/* A SIP user gets the whole history, however long, before he is bound. */
static void test_long_history(void **state)
{
	struct scene *s = scene_new("domain \"chat.test\" { rooms = local "
				    "secret = \"x\" lock = false "
				    "history = 200 }\n");
	struct sip_user al;
	char text[16];

	*state = s;
	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	say_some(s, 1, 150);
	sip_user_join(&al, s, "al", ROOM, "");
	assert_true(has(msrp_cpim(&al), "This is the chat room"));
	for (int i = 1; i <= 150; i++) {
		snprintf(text, sizeof(text), "\r\n\r\nt%d", i);
		assert_true(has(msrp_cpim(&al), text));
	}
	sip_user_done(&al);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
#define TEST_UNLOGGED(n)                                                       \
	cmocka_unit_test_setup_teardown(n, setup_unlogged, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_pages),
	    TEST(test_as_it_was_sent),
	    TEST(test_subjects),
	    TEST(test_filters),
	    TEST(test_rights),
	    TEST(test_logged_room),
	    TEST_UNLOGGED(test_unlogged_room),
	    TEST(test_moderation),
	    TEST(test_moderation_of_old),
	    TEST_UNLOGGED(test_moderation_unlogged),
	    TEST(test_retraction),
	    TEST(test_restart_and_expiry),
	    cmocka_unit_test_teardown(test_long_history, scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
