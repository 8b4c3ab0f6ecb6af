/* Long lists of a SIP conference elsewhere, which are read by and by, and lists
 * that can't be had (RFC 4575 §4.6, RFC 7702 §5.4). */
#include "focus_lost.h"

#include "gateway/back_sip_priv.h"

#define MANY 700

/* A document of many users, from the first to the last; deleted: they go. */
static struct str list_of(struct focus *f, const char *state, int first,
			  int last, bool deleted)
{
	struct buf b = BUF_INIT(1u << 22);
	struct str text;

	buf_addf(&b,
		 "<conference-info xmlns='" NS_CONFINFO "' entity='" FOCUS_ROOM
		 "' version='%u' state='%s'><users state='%s'>" FOCUS_JULIET,
		 f->version++, state, state);
	for (int i = first; i <= last && deleted; i++)
		buf_addf(
		    &b, "<user entity='sip:u%d@sip.test' state='deleted'/>", i);
	for (int i = first; i <= last && !deleted; i++)
		buf_addf(&b,
			 "<user entity='sip:u%d@sip.test'><display-text>U %d"
			 "</display-text><endpoint entity='sip:u%d@sip.test'>"
			 "<status>connected</status></endpoint></user>",
			 i, i, i);
	buf_addz(&b, "</users></conference-info>");
	text = arena_dup(f->s->arena, buf_str(&b));
	buf_done(&b);
	return text;
}

static struct port_msg notify(struct focus *f, struct str document)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.dlg = f->watch;
	m.req = ++f->s->ids;
	m.f[PORT_F_METHOD] = STR("NOTIFY");
	m.f[PORT_F_EVENT] = STR("conference");
	m.f[PORT_F_SUB_STATE] = STR("active;expires=3600");
	m.f[PORT_F_TYPE] = STR("application/conference-info+xml");
	m.f[PORT_F_BODY] = document;
	return m;
}

/* All of what follows it happens; the status of the answer. */
static int notified(struct focus *f, struct str document)
{
	struct port_msg m = notify(f, document);

	scene_sip_event(f->s, &m);
	return scene_sip(f->s, PORT_ANSWER, NULL).status;
}

/* It only comes in. */
static void notify_only(struct focus *f, struct str document)
{
	struct port_msg m = notify(f, document);

	core_sip_event(&f->s->core, &m);
}

struct seen {
	unsigned here, gone, self, after_self;
	unsigned last; /* U's number */
	bool in_order;
};

static void see(void *user, const struct xnode *n)
{
	struct seen *t = user;
	struct str from = x_attr(n, "from");
	uint64_t number;

	if (!str_eq(n->name, STR("presence")))
		return;
	if (!str_starts(from, STR("r@conf.test/U ")) && !x_has_status(n, "110"))
		return;
	if (x_has_status(n, "110")) {
		t->self++;
		return;
	}
	t->after_self += t->self > 0;
	t->gone += focus_is_gone(n);
	t->here += !focus_is_gone(n);
	from = str_from(from, strlen("r@conf.test/U "));
	assert_int_equal(str_u64(from, 100000, &number), 0);
	t->in_order &= number > t->last;
	t->last = (unsigned)number;
}

static struct seen seen(struct scene *s)
{
	struct seen t = {.in_order = true};

	xmpp_each(s, see, &t);
	return t;
}

static void subscribed(struct focus *f, struct scene *s)
{
	focus_asked(f, s, JULIET, "JuliC");
	focus_accepts(f, FOCUS_SDP);
	focus_binds(f);
	focus_replies(f, focus_hears(f, "NICKNAME"), "200 OK");
	focus_subscribed(f);
	xmpp_drop(s);
}

/* X2S-17: she is in when the whole list is, however long it is, and
 * sees all before herself */
static void test_long_list(void **state)
{
	struct scene *s = *state;
	struct seen t;
	struct focus f;

	subscribed(&f, s);
	assert_int_equal(notified(&f, list_of(&f, "full", 1, MANY, false)),
			 200);
	t = seen(s);
	assert_int_equal(t.here, MANY);
	assert_int_equal(t.self, 1);
	assert_int_equal(t.after_self, 0);
	assert_true(t.in_order);
	/* nothing is new */
	assert_int_equal(notified(&f, list_of(&f, "full", 1, MANY, false)),
			 200);
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* What follows a long list is taken after it; all of it, and nobody
 * waits for its end */
static void test_in_order(void **state)
{
	struct scene *s = *state;
	struct seen t;
	struct focus f;

	subscribed(&f, s);
	notify_only(&f, list_of(&f, "full", 1, MANY, false));
	notify_only(&f, list_of(&f, "partial", 1, MANY - 1, true));
	notify_only(&f, list_of(&f, "partial", MANY + 1, MANY + 1, false));
	assert_int_equal(s->core.back_sip->documents_octets > 65536, true);
	t = seen(s);
	assert_int_equal(t.here, MANY + 1);
	assert_int_equal(t.gone, MANY - 1);
	assert_int_equal(t.self, 1);
	assert_int_equal(t.last, MANY + 1);
	assert_int_equal(s->core.back_sip->documents_octets, 0);
	/* a short one may remove very many */
	notified(&f, list_of(&f, "full", 1, MANY, false));
	assert_int_equal(seen(s).here, MANY - 1);
	notified(&f, list_of(&f, "full", 1, 1, false));
	t = seen(s);
	assert_int_equal(t.gone, MANY - 1);
	assert_int_equal(t.here, 0);
	focus_done(&f);
}

/* She leaves, or the focus ends the call, while the list is being read. */
static void test_left_meanwhile(void **state)
{
	struct scene *s = *state;
	struct focus f;

	subscribed(&f, s);
	notify_only(&f, list_of(&f, "full", 1, MANY, false));
	notify_only(&f, list_of(&f, "partial", 1, MANY, true));
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/JuliC' type='unavailable'/>");
	scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(s->core.back_sip->documents_octets, 0);
	focus_done(&f);
	scene_run(s, 100);
	xmpp_drop(s);
	subscribed(&f, s);
	notify_only(&f, list_of(&f, "full", 1, MANY, false));
	core_shutdown(&s->core);
	scene_run(s, 100);
	assert_int_equal(s->core.back_sip->documents_octets, 0);
	focus_done(&f);
}

#define END_OF_LIST "</users></conference-info>"
#define ROMEO_IS_OUT                                                           \
	"<user entity='sip:romeo@sip.test'><endpoint entity='sip:romeo@"       \
	"sip.test'><status>disconnected</status><disconnection-info><reason>"  \
	"gone</reason></disconnection-info></endpoint></user>"

/* The call is made anew while a list is being read: what it has said so far is
 * forgotten, and the new call's list counts. */
static void test_anew_meanwhile(void **state)
{
	struct scene *s = *state;
	struct back_sip *b = s->core.back_sip;
	struct str list;
	struct bs_leg *l;
	struct focus f;

	focus_joined(&f, s);
	l = TAILQ_FIRST(&b->legs);
	list = list_of(&f, "full", 1, MANY, false);
	notify_only(&f, arena_printf(s->arena, "%.*s%s",
				     (int)(list.n - strlen(END_OF_LIST)),
				     list.p, ROMEO_IS_OUT END_OF_LIST));
	for (int i = 0; i < 100 && !TAILQ_FIRST(&l->placed[BS_NAMED]); i++)
		bs_document_part(b);
	assert_non_null(TAILQ_FIRST(&l->placed[BS_FRESH]));
	bs_call_anew(l, false);
	focus_called(&f);
	focus_comes_in(&f);
	focus_notifies(&f, "full", "<users>" FOCUS_JULIET "</users>");
	assert_true(focus_is_gone(focus_shown(s, "presence", "Romeo")));
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* A message that is heard meanwhile is told; its author is who he is said to
 * be. */
static void test_heard_meanwhile(void **state)
{
	struct scene *s = *state;
	struct focus f;

	focus_joined(&f, s);
	notify_only(&f, list_of(&f, "partial", 1, MANY, false));
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    FOCUS_PLAIN("hi")),
			 200);
	while (!x_is(xmpp_take(s, JULIET), "message", NS_CLIENT))
		xmpp_drop(s);
	focus_done(&f);
}

static void put_long(struct buf *b, const char *element)
{
	buf_addf(b, "<%s>", element);
	for (int i = 0; i < 150000; i++)
		buf_addz(b, "\xc3\xa9");
	buf_addf(b, "</%s>", element);
}

/* What is too long for a name or a stanza is cut, or left out. */
static void test_long_words(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;
	struct buf b = BUF_INIT(1u << 22);

	focus_joined(&f, s);
	buf_addz(&b, "<conference-info xmlns='" NS_CONFINFO
		     "' entity='" FOCUS_ROOM "' version='1' state='full'>"
		     "<conference-description>");
	put_long(&b, "display-text");
	put_long(&b, "subject");
	buf_addz(&b, "</conference-description><users>" FOCUS_JULIET
		     "<user entity='sip:long@sip.test'>");
	put_long(&b, "display-text");
	buf_addz(&b, "</user><user entity='sip:");
	for (int i = 0; i < 4000; i++)
		buf_addc(&b, 'u');
	buf_addz(&b, "@sip.test'><display-text>U</display-text></user>"
		     "</users></conference-info>");
	assert_int_equal(notified(&f, buf_str(&b)), 200);
	buf_done(&b);
	n = xmpp_take(s, JULIET);
	assert_true(x_is(n, "message", NS_CLIENT));
	assert_in_range(strlen(xmpp_text(s, n, "subject")), 50000, 65536);
	assert_true(focus_is_gone(focus_shown(s, "presence", "Romeo")));
	n = xmpp_take(s, JULIET);
	assert_true(x_is(n, "presence", NS_CLIENT));
	assert_int_equal(x_attr(n, "from").n, strlen("r@conf.test/") + 1022);
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

static bool asked_again(struct scene *s)
{
	struct port_msg m;

	if (scene_sip_none(s, PORT_SEND, "SUBSCRIBE"))
		return false;
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	m.type = PORT_RESPONSE;
	m.status = 200;
	m.expires = 3600;
	scene_sip_event(s, &m);
	return true;
}

/* What was refused of a NOTIFY before we saw it: the whole list is asked for,
 * some times at most; then what comes is taken as it comes. */
static void test_refused(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	unsigned asked = 0;
	struct focus f;

	focus_joined(&f, s);
	m.dlg = f.watch;
	m.status = 413;
	m.f[PORT_F_METHOD] = STR("NOTIFY");
	for (int i = 0; i < 20; i++) {
		m.req = ++s->ids;
		f.version++;
		scene_sip_event(s, &m);
		assert_true(scene_sip_none(s, PORT_ANSWER, NULL));
		asked += asked_again(s);
		scene_run(s, 30000);
		asked += asked_again(s);
	}
	assert_int_equal(asked, 5);
	assert_true(xmpp_none(s, JULIET));
	f.version += 5;
	notified(&f, list_of(&f, "partial", 1, 3, false));
	assert_int_equal(seen(s).here, 3);
	/* a list that is read after all: from now on versions count again */
	notified(&f, list_of(&f, "full", 1, 4, false));
	xmpp_drop(s);
	f.version++;
	notified(&f, list_of(&f, "partial", 5, 5, false));
	assert_true(xmpp_none(s, JULIET));
	assert_true(asked_again(s));
	focus_done(&f);
}

static int setup_small(void **state)
{
	*state =
	    scene_new(FOCUS_DOMAIN("") "limits { leg-document = 70000 }\n");
	return 0;
}

/* What we refuse: 413, and asked for again; she is in all the same. */
static void test_too_long(void **state)
{
	struct scene *s = *state;
	struct focus f;

	subscribed(&f, s);
	assert_int_equal(notified(&f, list_of(&f, "full", 1, MANY, false)),
			 413);
	assert_true(asked_again(s));
	assert_true(xmpp_none(s, JULIET));
	scene_run(s, 5000);
	assert_int_equal(seen(s).self, 1);
	focus_done(&f);
}

/* How many of so many long lists are answered 503. */
static int refused_of(struct focus *f, int n)
{
	struct scene *s = f->s;
	int refused = 0;

	for (int i = 0; i < n; i++)
		notify_only(f, list_of(f, "full", 1, MANY, false));
	loop_settle(s->loop);
	while (!scene_sip_none(s, PORT_ANSWER, NULL)) {
		struct port_msg m = scene_sip(s, PORT_ANSWER, NULL);

		refused += m.status == 503;
		if (m.status == 503)
			assert_true(has(m.f[PORT_F_HEADERS], "Retry-After: "));
	}
	return refused;
}

static int setup_small_queue(void **state)
{
	*state =
	    scene_new(FOCUS_DOMAIN("") "limits { document-queue = 100000 }\n");
	return 0;
}

/* limits { document-queue }, where one is always taken. */
static void test_full_queue(void **state)
{
	struct focus f;

	focus_joined(&f, *state);
	assert_int_equal(refused_of(&f, 3), 2);
	assert_true(asked_again(*state));
	assert_int_equal(seen(*state).here, MANY);
	focus_done(&f);
}

/* More than we want to keep: 503, and asked for again. */
static void test_too_many(void **state)
{
	struct scene *s = *state;
	struct focus f;

	focus_joined(&f, s);
	assert_int_equal(refused_of(&f, 20), 4);
	assert_true(asked_again(s));
	assert_int_equal(seen(s).here, MANY);
	focus_done(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_long_list),
	    FOCUS_TEST(test_in_order),
	    FOCUS_TEST(test_left_meanwhile),
	    FOCUS_TEST(test_anew_meanwhile),
	    FOCUS_TEST(test_heard_meanwhile),
	    FOCUS_TEST(test_long_words),
	    FOCUS_TEST(test_refused),
	    cmocka_unit_test_setup_teardown(test_too_long, setup_small,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_full_queue, setup_small_queue,
					    scene_teardown),
	    FOCUS_TEST(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
