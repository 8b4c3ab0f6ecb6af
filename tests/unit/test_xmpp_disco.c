#include <stdio.h>

#include "tests/unit/xmpp_scratch.h"
#include "xmpp/disco.h"

static const struct xnode *query(struct scratch *f)
{
	const struct xnode *n = xmlin_parse(f->a, buf_str(&f->b));

	assert_non_null(n);
	return n;
}

static bool has_feature(const struct xnode *q, const char *var)
{
	const struct xnode *n = x_child(q, "feature", NS_DISCO_INFO);

	for (; n; n = x_next(n, "feature", NS_DISCO_INFO))
		if (str_eq(x_attr(n, "var"), str_z(var)))
			return true;
	return false;
}

static void assert_field(struct scratch *f, const struct xnode *q,
			 const char *var, const char *value)
{
	const struct xnode *n =
	    x_child(x_child(q, "x", NS_XDATA), "field", NULL);

	while (n && !str_eq(x_attr(n, "var"), str_z(var)))
		n = x_next(n, "field", NULL);
	if (!value) {
		assert_null(n);
		return;
	}
	assert_non_null(n);
	assert_true(
	    str_eq(x_text(x_child(n, "value", NULL), f->a), str_z(value)));
}

static void assert_identity(const struct xnode *q, const char *category,
			    const char *type, const char *name)
{
	const struct xnode *n = x_child(q, "identity", NS_DISCO_INFO);

	assert_true(str_eq(x_attr(n, "category"), str_z(category)));
	assert_true(str_eq(x_attr(n, "type"), str_z(type)));
	assert_true(str_eq(x_attr(n, "name"), str_z(name)));
	assert_null(x_next(n, "identity", NULL));
}

/* DISCO-1 */
static void test_service(void **state)
{
	struct scratch *f = *state;
	const struct xnode *q;

	disco_service_info(&f->b, STR("Chat & more"));
	q = query(f);
	assert_identity(q, "conference", "text", "Chat & more");
	assert_true(has_feature(q, NS_DISCO_INFO));
	assert_true(has_feature(q, NS_DISCO_ITEMS));
	assert_true(has_feature(q, NS_MUC));
	assert_true(has_feature(q, NS_MUC "#stable_id"));
	assert_true(has_feature(q, "jid\\20escaping"));
	assert_true(has_feature(q, NS_PING));
	assert_true(has_feature(q, NS_OCCUPANT));
}

/* DISCO-3, DISCO-5; DISCO-4: one feature of each pair. */
static void test_room(void **state)
{
	static const char *const pairs[][2] = {
	    {"muc_public", "muc_hidden"},
	    {"muc_persistent", "muc_temporary"},
	    {"muc_membersonly", "muc_open"},
	    {"muc_moderated", "muc_unmoderated"},
	    {"muc_semianonymous", "muc_nonanonymous"},
	    {"muc_passwordprotected", "muc_unsecured"}};
	struct scratch *f = *state;
	static const struct str owners[] = {{"a@x.test", 8}, {"b@x.test", 8}};
	struct disco_room r = {.name = STR("Room"),
			       .contacts = owners,
			       .description = STR("About"),
			       .subject = STR("<Topic>"),
			       .lang = STR("en"),
			       .n_occupants = 12,
			       .max_history = 50};

	for (int yes = 0; yes < 2; yes++) {
		const struct xnode *q;

		buf_clear(&f->b);
		r.public = r.persistent = r.members_only = yes;
		r.moderated = r.anonymous = r.password = yes;
		r.n_contacts = yes ? 2 : 0;
		r.elsewhere = yes;
		r.show_details = r.occupants_change_subject = yes;
		disco_room_info(&f->b, &r);
		q = query(f);
		assert_identity(q, "conference", "text", "Room");
		for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
			assert_int_equal(has_feature(q, pairs[i][0]), yes);
			assert_int_equal(has_feature(q, pairs[i][1]), !yes);
		}
		assert_true(has_feature(q, NS_SID));
		assert_true(has_feature(q, NS_MUC "#self-ping-optimization"));
		assert_int_equal(has_feature(q, NS_REGISTER), !yes);
		assert_int_equal(has_feature(q, "urn:xmpp:message-moderate:1"),
				 !yes);
		assert_field(f, q, "FORM_TYPE", NS_MUC "#roominfo");
		assert_field(f, q, "muc#roominfo_description", "About");
		assert_field(f, q, "muc#roominfo_lang", "en");
		assert_field(f, q, "muc#maxhistoryfetch", "50");
		assert_field(f, q, "muc#roominfo_contactjid",
			     yes ? "a@x.test" : NULL);
		assert_field(f, q, "muc#roomconfig_changesubject",
			     yes ? "1" : "0");
		/* DISCO-6: the details only for those who may know */
		assert_field(f, q, "muc#roominfo_subject",
			     yes ? "<Topic>" : NULL);
		assert_field(f, q, "muc#roominfo_occupants", yes ? "12" : NULL);
	}
}

static void test_sip_user(void **state)
{
	struct scratch *f = *state;

	disco_sip_user_info(&f->b);
	assert_identity(query(f), "client", "phone", "");
}

static void test_items(void **state)
{
	struct scratch *f = *state;

	disco_items_begin(&f->b, STR("n&"));
	disco_item(&f->b, STR("a@rd.test"), STR("A"));
	disco_item(&f->b, STR("b@rd.test"), STR_NONE);
	disco_items_set(&f->b, STR("a@rd.test"), 3, STR("b@rd.test"), 200);
	disco_items_end(&f->b);
	assert_string_equal(
	    buf_z(&f->b),
	    "<query xmlns='http://jabber.org/protocol/disco#items' "
	    "node='n&amp;'><item jid='a@rd.test' name='A'/>"
	    "<item jid='b@rd.test'/>"
	    "<set xmlns='http://jabber.org/protocol/rsm'>"
	    "<first index='3'>a@rd.test</first><last>b@rd.test</last>"
	    "<count>200</count></set></query>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_service, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(test_room, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(test_sip_user, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(test_items, scratch_setup,
					    scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
