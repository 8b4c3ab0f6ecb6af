#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "mapping/presence.h"
#include "mapping/roster.h"

static const struct device desk = {.seat = 0x2a,
				   .label = {"sip:b@10.0.0.1", 14}};
static const struct device phone = {.seat = 1, .muted = true, .next = &desk};

static const struct occupant bob = {
    .id = 7,
    .world = WORLD_SIP,
    .nick = {"Bobby", 5},
    .nick_chosen = true,
    .display = {"Bob B", 5},
    .sip_uri = {"sip:b@c.example", 15},
    .affiliation = AFF_OWNER,
    .role = ROLE_MODERATOR,
    .presence = {.show = {"away", 4}, .status = {"tea", 3}},
    .devices = &phone,
    .n_devices = 2,
};

static const struct occupant ann = {
    .world = WORLD_XMPP,
    .nick = {"Ann A", 5},
    .nick_chosen = true,
    .jid = {"ann@x.example", 13},
    .role = ROLE_PARTICIPANT,
    .affiliation = AFF_NONE,
};

static const struct map_roster_cfg plain = {.entity = {"sip:x@c.example", 15}};

static void assert_slice(struct str s, const char *z)
{
	if (!str_eq(s, str_z(z)))
		fail_msg("%.*s, not %s", STR_ARG(s), z);
}

/* ADM-1, EVENT-25 */
static void test_sip_occupant(void **state)
{
	(void)state;
	struct arena *a = arena_new(65536);
	struct confinfo_user u;
	struct map_roster_cfg cfg = plain;

	assert_int_equal(map_occupant_to_confinfo(&bob, &cfg, a, &u), 0);
	assert_slice(u.entity, "sip:x@c.example");
	assert_slice(u.nickname, "Bobby");
	assert_slice(u.display_text, "Bob B");
	assert_int_equal(u.n_roles, 2);
	assert_slice(u.roles[0], "moderator");
	assert_slice(u.roles[1], "administrator");
	assert_slice(u.show, "away");
	assert_slice(u.status, "tea");
	assert_int_equal(u.n_endpoints, 2);
	assert_slice(u.endpoints[0].entity, "0000000000000001");
	assert_slice(u.endpoints[0].media_status, "recvonly");
	assert_slice(u.endpoints[1].entity, "000000000000002a");
	assert_slice(u.endpoints[1].status, "connected");
	assert_slice(u.endpoints[1].media_status, "sendrecv");
	assert_int_equal(u.state, CONFINFO_FULL);

	cfg.show_contacts = true;
	assert_int_equal(map_occupant_to_confinfo(&bob, &cfg, a, &u), 0);
	assert_slice(u.endpoints[1].entity, "sip:b@10.0.0.1");
	arena_free(a);
}

/* PRIV-2 */
static void test_xmpp_occupant(void **state)
{
	(void)state;
	struct arena *a = arena_new(65536);
	struct confinfo_user u;
	struct map_roster_cfg cfg = plain;
	struct occupant o = ann;

	assert_int_equal(map_occupant_to_confinfo(&ann, &plain, a, &u), 0);
	assert_slice(u.nickname, "Ann A");
	assert_slice(u.display_text, "Ann A");
	assert_slice(u.associated_aor, "");
	cfg.show_jid = true;
	assert_int_equal(map_occupant_to_confinfo(&ann, &cfg, a, &u), 0);
	assert_slice(u.associated_aor, "xmpp:ann@x.example");
	o.jid = STR("d\\27a@\xc3\xa4.example");
	assert_int_equal(map_occupant_to_confinfo(&o, &cfg, a, &u), 0);
	assert_slice(u.associated_aor, "xmpp:d%5C27a@%C3%A4.example");
	arena_free(a);
}

static void assert_entity(const struct occupant *o, bool shown,
			  const char *want)
{
	struct buf b = BUF_INIT(1000);

	map_occupant_entity(&b, STR("r@c.example"), o, shown);
	assert_slice(buf_str(&b), want);
	buf_done(&b);
}

/* PRIV-2: who is known by his own address. */
static void test_entity(void **state)
{
	struct occupant o = ann;

	(void)state;
	assert_entity(&bob, false, "sip:b@c.example");
	assert_entity(&ann, false, "sip:r@c.example;gr=Ann%20A");
	assert_entity(&ann, true, "sip:r@c.example;gr=Ann%20A");
	o.sip_uri = STR("sip:ann%40x.example@gw.example");
	assert_entity(&o, false, "sip:r@c.example;gr=Ann%20A");
	assert_entity(&o, true, "sip:ann%40x.example@gw.example");
}

/* EVENT-34 for its display names; V-EVENT-8 for a nickname that was not chosen
 */
static void test_names(void **state)
{
	(void)state;
	struct arena *a = arena_new(65536);
	struct confinfo_user u;
	struct map_roster_cfg cfg = plain;
	struct occupant o = bob;

	cfg.name_in_display = true;
	assert_int_equal(map_occupant_to_confinfo(&o, &cfg, a, &u), 0);
	assert_slice(u.display_text, "Bobby");
	o.nick_chosen = false;
	cfg.name_in_display = false;
	assert_int_equal(map_occupant_to_confinfo(&o, &cfg, a, &u), 0);
	assert_slice(u.nickname, "");
	assert_slice(u.display_text, "Bobby");
	arena_free(a);
}

static void test_full_arena(void **state)
{
	(void)state;
	struct arena *a = arena_new(10);
	struct confinfo_user u;

	struct map_roster_cfg cfg = {.show_jid = true};

	assert_int_equal(map_occupant_to_confinfo(&bob, &plain, a, &u),
			 ERR_TOO_BIG);
	arena_reset(a);
	assert_int_equal(map_occupant_to_confinfo(&ann, &cfg, a, &u),
			 ERR_TOO_BIG);
	arena_free(a);
}

/* CHAT-22: whoever has no voice receives only. */
static void test_no_voice(void **state)
{
	struct arena *a = arena_new(65536);
	struct occupant mute = bob;
	struct confinfo_user u;

	(void)state;
	mute.role = ROLE_VISITOR;
	mute.affiliation = AFF_NONE;
	assert_int_equal(map_occupant_to_confinfo(&mute, &plain, a, &u), 0);
	assert_int_equal(u.n_roles, 1);
	assert_slice(u.roles[0], "observer");
	assert_slice(u.endpoints[1].media_status, "recvonly");
	arena_free(a);
}

static void test_item(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(1000);

	map_occupant_item(&b, AFF_OWNER, ROLE_MODERATOR, STR("a@b/'c'"),
			  STR_NONE, STR_NONE, STR_NONE);
	assert_string_equal(buf_z(&b),
			    "<item affiliation='owner' role='moderator' "
			    "jid='a@b/&apos;c&apos;'/>");
	buf_clear(&b);
	map_occupant_item(&b, AFF_NONE, ROLE_NONE, STR_NONE, STR("New"),
			  STR_NONE, STR_NONE);
	assert_string_equal(
	    buf_z(&b), "<item affiliation='none' role='none' nick='New'/>");
	buf_clear(&b);
	map_occupant_item(&b, AFF_OUTCAST, ROLE_NONE, STR_NONE, STR_NONE,
			  STR("a < b"), STR("Ann's"));
	assert_string_equal(
	    buf_z(&b),
	    "<item affiliation='outcast' role='none'>"
	    "<actor nick='Ann&apos;s'/><reason>a &lt; b</reason></item>");
	buf_done(&b);
}

/* ADM-1, ADM-2 */
static void test_roles(void **state)
{
	(void)state;
	static const struct {
		enum role r;
		enum affiliation a;
		const char *first, *second;
		enum affiliation back;
	} rows[] = {
	    {ROLE_MODERATOR, AFF_OWNER, "moderator", "administrator",
	     AFF_ADMIN},
	    {ROLE_MODERATOR, AFF_ADMIN, "moderator", "administrator",
	     AFF_ADMIN},
	    {ROLE_MODERATOR, AFF_NONE, "moderator", NULL, AFF_NONE},
	    {ROLE_PARTICIPANT, AFF_MEMBER, "participant", NULL, AFF_NONE},
	    {ROLE_VISITOR, AFF_NONE, "observer", NULL, AFF_NONE},
	};
	const struct str other[] = {STR("focus"), STR("whatever")};
	enum role r;
	enum affiliation a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str roles[4];
		size_t n = map_role_to_confinfo(rows[i].r, rows[i].a, roles);

		assert_int_equal(n, rows[i].second ? 2 : 1);
		assert_slice(roles[0], rows[i].first);
		if (rows[i].second)
			assert_slice(roles[1], rows[i].second);
		map_role_from_confinfo(roles, n, &r, &a);
		assert_int_equal(r, rows[i].r);
		assert_int_equal(a, rows[i].back);
	}
	map_role_from_confinfo(other, 2, &r, &a);
	assert_int_equal(r, ROLE_PARTICIPANT);
	map_role_from_confinfo(NULL, 0, &r, &a);
	assert_int_equal(r, ROLE_PARTICIPANT);
	assert_int_equal(a, AFF_NONE);
}

/* X2S-28: unknown show values are dropped */
static void test_show(void **state)
{
	(void)state;
	assert_slice(map_show(STR(" xa\n")), "xa");
	assert_slice(map_show(STR("Away")), "");
	assert_slice(map_show(STR("online")), "");
	assert_slice(map_show(STR_NONE), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sip_occupant),
	    cmocka_unit_test(test_xmpp_occupant),
	    cmocka_unit_test(test_entity),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_full_arena),
	    cmocka_unit_test(test_no_voice),
	    cmocka_unit_test(test_item),
	    cmocka_unit_test(test_roles),
	    cmocka_unit_test(test_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
