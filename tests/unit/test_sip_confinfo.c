#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <libxml/parser.h>

#include "base/err.h"
#include "tests/lib/confinfo_whole.h"

#define NS   "urn:ietf:params:xml:ns:conference-info"
#define ROOT "<conference-info xmlns='" NS "' entity='sip:r@c.example'"

static const struct confinfo_room room = {
    .entity = {"sip:r@c.example", 15},
    .display_text = {"The <room>", 10},
    .subject = {"Tea & talk", 10},
    .xmpp_uri = {"xmpp:r@c.example?join", 21},
    .max_users = 100,
    .user_count = 2,
};

static struct confinfo_endpoint bobs[] = {
    {.entity = {"k1", 2},
     .display_text = {"desk", 4},
     .status = {"connected", 9},
     .joining_method = {"dialed-in", 9},
     .media_status = {"sendrecv", 8}},
    {.entity = {"k2", 2},
     .status = {"disconnected", 12},
     .joining_method = {"dialed-in", 9},
     .disconnection_method = {"booted", 6},
     .referred = {.by = {"sip:mo@c.example", 16}},
     .joined = {.when = {"2026-11-21T08:00:00Z", 20}},
     .left = {.when = {"2026-11-21T09:00:00Z", 20},
	      .reason = {"too loud", 8}}}};

static const struct confinfo_user bob = {
    .entity = {"sip:b@c.example", 15},
    .display_text = {"Bob", 3},
    .nickname = {"Bobby \"B\"", 9},
    .associated_aor = {"xmpp:b@x.example", 16},
    .roles = {{"moderator", 9}, {"participant", 11}},
    .n_roles = 2,
    .show = {"away", 4},
    .status = {"at tea", 6},
    .n_endpoints = 2,
    .endpoints = bobs,
};

static void write_full(struct buf *b)
{
	confinfo_begin(b, room.entity, 3, CONFINFO_FULL);
	confinfo_description(b, &room);
	confinfo_conference_state(b, &room);
	confinfo_users_begin(b, CONFINFO_FULL);
	confinfo_user(b, &bob);
	confinfo_users_end(b);
	confinfo_end(b);
	assert_int_equal(b->err, 0);
}

static xmlDoc *read_xml(const struct buf *b)
{
	xmlDoc *doc = xmlReadMemory(b->p, (int)b->n, NULL, NULL,
				    XML_PARSE_NONET | XML_PARSE_NOERROR |
					XML_PARSE_NOWARNING);

	assert_non_null(doc);
	return doc;
}

/* The children of each element as "a b c", to be compared with the schema's
 * order. */
static void assert_children(const xmlNode *n, const char *want)
{
	char got[512] = "";

	for (const xmlNode *c = n->children; c; c = c->next) {
		if (got[0])
			strncat(got, " ", sizeof(got) - strlen(got) - 1);
		strncat(got, (const char *)c->name,
			sizeof(got) - strlen(got) - 1);
	}
	assert_string_equal(got, want);
}

static const xmlChar *xz(const char *z)
{
	return (const xmlChar *)z;
}

static const xmlNode *child(const xmlNode *n, const char *name)
{
	for (const xmlNode *c = n->children; c; c = c->next)
		if (xmlStrEqual(c->name, xz(name)))
			return c;
	fail_msg("no <%s>", name);
	return NULL;
}

static void assert_attr(const xmlNode *n, const char *ns, const char *name,
			const char *want)
{
	xmlChar *v = ns ? xmlGetNsProp(n, xz(name), xz(ns))
			: xmlGetNoNsProp(n, xz(name));

	assert_non_null(v);
	assert_string_equal((const char *)v, want);
	xmlFree(v);
}

/* EVENT-1, EVENT-10, EVENT-16, EVENT-19, EVENT-20, EVENT-23 */
static void test_order(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(65536);
	const xmlNode *root, *user;
	xmlDoc *doc;

	write_full(&b);
	doc = read_xml(&b);
	root = xmlDocGetRootElement(doc);
	assert_string_equal((const char *)root->ns->href, NS);
	assert_attr(root, NULL, "entity", "sip:r@c.example");
	assert_attr(root, NULL, "version", "3");
	assert_attr(root, NULL, "state", "full");
	assert_children(root, "conference-description conference-state users");
	assert_children(child(root, "conference-description"),
			"display-text subject conf-uris maximum-user-count");
	assert_children(
	    child(child(root, "conference-description"), "conf-uris"),
	    "entry entry");
	assert_children(child(root, "conference-state"),
			"user-count active locked");
	user = child(child(root, "users"), "user");
	assert_attr(user, "urn:ietf:params:xml:ns:xcon-conference-info",
		    "nickname", "Bobby \"B\"");
	assert_children(user, "display-text associated-aors roles endpoint "
			      "endpoint show status");
	assert_children(child(user, "endpoint"),
			"display-text status joining-method media");
	assert_children(child(user, "endpoint")->next,
			"referred status joining-method joining-info "
			"disconnection-method disconnection-info");
	assert_children(
	    child(child(user, "endpoint")->next, "disconnection-info"),
	    "when reason");
	assert_children(child(child(user, "endpoint"), "media"), "type status");
	assert_string_equal((const char *)child(user, "show")->ns->href,
			    "jabber:client");
	xmlFreeDoc(doc);
	buf_done(&b);
}

static void assert_slice(struct str got, struct str want)
{
	assert_int_equal(got.n, want.n);
	assert_memory_equal(got.n ? got.p : "", want.n ? want.p : "", want.n);
}

static void assert_same_endpoint(const struct confinfo_endpoint *a,
				 const struct confinfo_endpoint *b)
{
	assert_slice(a->entity, b->entity);
	assert_slice(a->display_text, b->display_text);
	assert_slice(a->status, b->status);
	assert_slice(a->joining_method, b->joining_method);
	assert_slice(a->disconnection_method, b->disconnection_method);
	assert_slice(a->referred.by, b->referred.by);
	assert_slice(a->joined.when, b->joined.when);
	assert_slice(a->left.when, b->left.when);
	assert_slice(a->left.reason, b->left.reason);
	assert_slice(a->media_status, b->media_status);
	assert_int_equal(a->state, b->state);
}

/* X2S-28's elements among them */
static void test_round_trip(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(65536);
	struct arena *a = arena_new(1 << 20);
	struct confinfo_doc doc;
	const struct confinfo_user *u;

	write_full(&b);
	assert_int_equal(confinfo_parse(buf_str(&b), a, &doc), 0);
	assert_slice(doc.entity, room.entity);
	assert_true(doc.has_version && doc.has_description && doc.has_users);
	assert_int_equal(doc.version, 3);
	assert_int_equal(doc.state, CONFINFO_FULL);
	assert_int_equal(doc.users_state, CONFINFO_FULL);
	assert_int_equal(doc.user_count, 2);
	assert_slice(doc.display_text, room.display_text);
	assert_slice(doc.subject, room.subject);
	assert_non_null(doc.users);
	assert_null(doc.users->next);
	u = &doc.users->user;
	assert_slice(u->entity, bob.entity);
	assert_slice(u->display_text, bob.display_text);
	assert_slice(u->nickname, bob.nickname);
	assert_slice(u->associated_aor, bob.associated_aor);
	assert_slice(u->show, bob.show);
	assert_slice(u->status, bob.status);
	assert_int_equal(u->n_roles, 2);
	assert_slice(u->roles[1], bob.roles[1]);
	assert_int_equal(u->n_endpoints, 2);
	assert_same_endpoint(&u->endpoints[0], &bob.endpoints[0]);
	assert_same_endpoint(&u->endpoints[1], &bob.endpoints[1]);
	arena_free(a);
	buf_done(&b);
}

static int parse(const char *z, struct arena *a, struct confinfo_doc *doc)
{
	return confinfo_parse(str_z(z), a, doc);
}

static bool has(const struct buf *b, const char *z)
{
	return str_search(buf_str(b), str_z(z)) >= 0;
}

/* Whatever the parts, it is the same document; one that is broken at its very
 * end tells nothing. */
static void test_in_parts(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(65536), read = BUF_INIT(65536);
	struct arena *a = arena_new(1 << 20);

	write_full(&b);
	for (size_t n = 1; n < 2 * b.n; n += n) {
		struct str whole = buf_str(&b);
		struct confinfo_reader *r = confinfo_reader_new(whole, a);
		struct confinfo_doc doc = {0};
		int more;

		while ((more = confinfo_reader_go(r, n, &doc)) == 1)
			assert_null(doc.users);
		assert_int_equal(more, 0);
		buf_clear(&read);
		confinfo_user(&read, &doc.users->user);
		assert_true(has(&b, buf_z(&read)));
		confinfo_reader_free(r);
		doc.users = NULL;
		r = confinfo_reader_new(str_of(whole.p, whole.n - 1), a);
		while ((more = confinfo_reader_go(r, n, &doc)) == 1)
			;
		assert_int_equal(more, ERR_SYNTAX);
		assert_null(doc.users);
		confinfo_reader_free(r);
	}
	arena_free(a);
	buf_done(&b);
	buf_done(&read);
}

/* What stands between users is no part of them, and no end of it costs more
 * memory than its octets. */
static void test_between_users(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 20);
	struct confinfo_doc doc;
	struct buf b = BUF_INIT(1 << 20);

	assert_int_equal(
	    parse(ROOT "> a <users>b<user entity='x'> c "
		       "<display-text>X<![CDATA[Y]]>&amp;</display-text>"
		       "</user>d<![CDATA[e]]>&lt;<user entity='y'/><z><user "
		       "entity='no'/></z>f<!-- g --><?h i?><user "
		       "entity='w'/>j</users>k</conference-info>",
		  a, &doc),
	    0);
	assert_slice(doc.users->user.display_text, STR("XY&"));
	assert_slice(doc.users->next->user.entity, STR("y"));
	assert_slice(doc.users->next->next->user.entity, STR("w"));
	assert_null(doc.users->next->next->next);
	buf_addz(&b, ROOT "><users><user entity='x'>");
	for (int i = 0; i < 20000; i++)
		buf_addz(&b, "<a/>");
	buf_addz(&b, "</user></users></conference-info>");
	assert_int_equal(confinfo_parse(buf_str(&b), a, &doc), ERR_TOO_BIG);
	buf_done(&b);
	arena_free(a);
}

/* V-EVENT-2, EVENT-14 */
static void test_partial_says_so(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(65536);
	struct confinfo_user u = {.entity = STR("sip:b@c.example")};

	confinfo_begin(&b, room.entity, 2, CONFINFO_PARTIAL);
	confinfo_users_begin(&b, CONFINFO_PARTIAL);
	confinfo_user(&b, &u);
	assert_true(has(&b, "<conference-info "));
	assert_true(has(&b, " state=\"partial\" version=\"2\">"));
	assert_true(has(&b,
			"<users state=\"partial\">"
			"<user entity=\"sip:b@c.example\" state=\"full\">"));
	buf_done(&b);
}

/* V-EVENT-4, EVENT-15, EVENT-17 */
static void test_deleted_is_empty(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(65536);
	struct confinfo_endpoint first = bobs[0];
	struct confinfo_user u = bob;

	u.state = CONFINFO_DELETED;
	confinfo_user(&b, &u);
	assert_string_equal(
	    buf_z(&b), "<user entity=\"sip:b@c.example\" state=\"deleted\"/>");
	buf_clear(&b);
	u.state = CONFINFO_PARTIAL;
	first.state = CONFINFO_DELETED;
	u.endpoints = &first;
	u.n_endpoints = 1;
	confinfo_user(&b, &u);
	assert_true(has(&b, " state=\"partial\" "));
	assert_true(has(&b, "<endpoint entity=\"k1\" state=\"deleted\"/>"));
	buf_done(&b);
}

/* V-EVENT-7, EVENT-27 */
static void test_escapes(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(65536);
	struct confinfo_user u = {
	    .entity = STR("sip:\"\x02'&<>@c"),
	    .display_text = STR("A&<B\x01"),
	    .status = STR("\x01x\xef\xbf\xbe\xc3\xa9 \xff.\x1f"),
	};

	confinfo_user(&b, &u);
	assert_true(has(&b, "<display-text>A&amp;&lt;B</display-text>"));
	assert_true(has(&b, " entity=\"sip:&quot;&apos;&amp;&lt;&gt;@c\""));
	assert_true(has(&b, ">x\xc3\xa9 \xef\xbf\xbd.</status>"));
	xmlFreeDoc(read_xml(&b));
	buf_done(&b);
}

/* V-EVENT-8, EVENT-20 */
static void test_no_nickname(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(65536);
	struct confinfo_user u = bob;

	u.nickname = STR_NONE;
	confinfo_user(&b, &u);
	assert_true(has(&b, " state=\"full\">"));
	assert_false(has(&b, "nickname"));
	buf_done(&b);
}

/* EVENT-32 */
static void test_empty_roster(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(65536);
	struct arena *a = arena_new(1 << 20);
	struct confinfo_doc doc;

	confinfo_begin(&b, room.entity, 1, CONFINFO_FULL);
	confinfo_description(&b, &room);
	confinfo_users_begin(&b, CONFINFO_FULL);
	confinfo_users_end(&b);
	confinfo_end(&b);
	assert_int_equal(confinfo_parse(buf_str(&b), a, &doc), 0);
	assert_true(doc.has_users);
	assert_null(doc.users);
	arena_free(a);
	buf_done(&b);
}

/* As a conference server sends it: other prefixes, unknown elements, white
 * space. */
static void test_foreign_form(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 20);
	struct confinfo_doc doc;
	const struct confinfo_user_node *u;

	assert_int_equal(
	    parse(
		"\r\n<?xml version='1.0' encoding='UTF-8'?>"
		"<i:conference-info xmlns:i='" NS "'"
		" entity='sip:r@c.example' state='partial' "
		"version='4294967295'>"
		"<i:host-info><i:display-text>h</i:display-text></i:host-info>"
		"<x xmlns='urn:other'><y/></x>"
		"<i:users state='partial'>"
		"<i:user entity='sip:a@c' state='deleted'/>"
		"<i:user/>"
		"<i:user entity='sip:b@c'>"
		"<i:display-text> B <!-- c --><![CDATA[<]]>&#233; "
		"</i:display-text>"
		"<display-text xmlns='urn:other'>no</display-text>"
		"<i:endpoint entity='k'><i:media id='2'><i:type>audio</i:type>"
		"<i:status>sendrecv</i:status></i:media></i:endpoint>"
		"</i:user></i:users></i:conference-info>\r\n",
		a, &doc),
	    0);
	assert_int_equal(doc.state, CONFINFO_PARTIAL);
	assert_int_equal(doc.version, UINT32_MAX);
	assert_false(doc.has_description || doc.user_count);
	assert_int_equal(doc.users_state, CONFINFO_PARTIAL);
	u = doc.users;
	assert_slice(u->user.entity, STR("sip:a@c"));
	assert_int_equal(u->user.state, CONFINFO_DELETED);
	u = u->next;
	assert_slice(u->user.entity, STR("sip:b@c"));
	assert_slice(u->user.display_text, STR("B <\xc3\xa9"));
	assert_int_equal(u->user.n_endpoints, 1);
	assert_int_equal(u->user.endpoints[0].media_status.n, 0);
	assert_null(u->next);
	arena_free(a);
}

static void test_no_dtd(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 20);
	struct confinfo_doc doc;

	assert_int_equal(
	    parse("<!DOCTYPE conference-info [<!ENTITY e 'x'>]>" ROOT
		  "><users><user entity='&e;'/></users></conference-info>",
		  a, &doc),
	    ERR_UNSUPPORTED);
	assert_int_equal(
	    parse("<!DOCTYPE a SYSTEM 'http://127.0.0.1/'><a/>", a, &doc),
	    ERR_UNSUPPORTED);
	assert_int_equal(
	    parse(ROOT "><subject>&e;</subject></conference-info>", a, &doc),
	    ERR_SYNTAX);
	arena_free(a);
}

/* libxml2 takes time squared for them. */
static void test_many_attributes(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 20);
	struct buf b = BUF_INIT(1 << 20);
	struct confinfo_doc doc;

	buf_addz(&b, ROOT "><!-- ' --><?a \" ?><users a='> = ='");
	for (int i = 0; i < 99; i++)
		buf_addf(&b, " a%d='='", i);
	buf_addz(&b, "/></conference-info>");
	assert_int_equal(confinfo_parse(buf_str(&b), a, &doc), 0);
	buf_clear(&b);
	buf_addz(&b, ROOT "><!-- ' --><?a \" ?><users a='> = ='");
	for (int i = 0; i < 100; i++)
		buf_addf(&b, " a%d='='", i);
	buf_addz(&b, "/></conference-info>");
	assert_int_equal(confinfo_parse(buf_str(&b), a, &doc), ERR_TOO_BIG);
	buf_done(&b);
	arena_free(a);
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    "x",
	    ROOT ">",
	    "<conference-info entity='sip:r@c'/>",
	    "<users xmlns='" NS "'/>",
	    "<conference-info xmlns='" NS "'/>",
	    ROOT " version='x'/>",
	    ROOT " version='4294967296'/>",
	    ROOT " state='half'/>",
	    ROOT "><users state='all'/></conference-info>",
	    ROOT "><users>\xff</users></conference-info>",
	};
	struct arena *a = arena_new(1 << 20);
	struct confinfo_doc doc = {.version = 77};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i], a, &doc), ERR_SYNTAX);
	assert_int_equal(doc.version, 77);
	arena_free(a);
}

static void test_limits(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(CONFINFO_BYTES_MAX + 100);
	struct arena *small = arena_new(20000), *a = arena_new(1 << 20);
	struct confinfo_doc doc;
	size_t depth;

	buf_addz(&b, ROOT "><users>");
	for (int i = 0; i < 100; i++)
		buf_addf(&b, "<user entity='sip:%d@c'/>", i);
	buf_addz(&b, "</users></conference-info>");
	assert_int_equal(confinfo_parse(buf_str(&b), small, &doc), ERR_TOO_BIG);
	assert_int_equal(confinfo_parse(buf_str(&b), a, &doc), 0);

	buf_clear(&b);
	buf_addz(&b, ROOT "><users><user entity='a'>");
	for (int i = 0; i <= CONFINFO_ENDPOINTS_MAX; i++)
		buf_addf(&b, "<endpoint entity='%d'/>", i);
	buf_addz(&b, "</user></users></conference-info>");
	assert_int_equal(confinfo_parse(buf_str(&b), a, &doc), ERR_TOO_BIG);

	buf_clear(&b);
	buf_addz(&b, ROOT ">");
	for (depth = 0; depth < 100000; depth++)
		buf_addz(&b, "<a>");
	for (depth = 0; depth < 100000; depth++)
		buf_addz(&b, "</a>");
	buf_addz(&b, "</conference-info>");
	assert_int_equal(confinfo_parse(buf_str(&b), a, &doc), ERR_SYNTAX);

	while (b.n <= CONFINFO_BYTES_MAX)
		buf_addz(&b, "<!-- -->");
	assert_int_equal(confinfo_parse(buf_str(&b), a, &doc), ERR_TOO_BIG);
	arena_free(small);
	arena_free(a);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_partial_says_so),
	    cmocka_unit_test(test_deleted_is_empty),
	    cmocka_unit_test(test_escapes),
	    cmocka_unit_test(test_no_nickname),
	    cmocka_unit_test(test_empty_roster),
	    cmocka_unit_test(test_foreign_form),
	    cmocka_unit_test(test_no_dtd),
	    cmocka_unit_test(test_many_attributes),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_in_parts),
	    cmocka_unit_test(test_between_users),
	    cmocka_unit_test(test_limits),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	xmlCleanupParser();
	return failed;
}
