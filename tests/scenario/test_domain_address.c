/* Rooms and users elsewhere, as either world writes them (section ADDR). */
#include "domains.h"

static int setup_vectors(void **state)
{
	return with_domains(state,
			    "domain \"muc.x.test\" { rooms = xmpp }\n"
			    "domain \"x.test\" { rooms = xmpp }\n"
			    "domain \"b\xc3\xbc"
			    "cher.test\" { rooms = xmpp }\n"
			    "domain \"conf.test\" { rooms = sip\n"
			    " route = \"sip:10.0.0.9;transport=tcp\" }\n");
}

/* ADDR-23: U-labels for XMPP, A-labels for SIP and the DNS, both ways. */
static void test_idn(void **state)
{
	struct scene *s = *state;
	struct port_msg m;

	speaks_xmpp(s, "xn--bcher-kva.test");
	enters(s, "al", "sip:r@xn--bcher-kva.test",
	       "r@b\xc3\xbc"
	       "cher.test",
	       "al\\40sip.test@ud.test/");
	speaks_sip(s, "xn--mnchen-3ya.test");
	joins(s,
	      "j@b\xc3\xbc"
	      "cher.test/b",
	      "r\\40M\xc3\xbc"
	      "nchen.test@rd.test");
	m = dials(s, "sip:r@xn--mnchen-3ya.test",
		  "sip:10.0.0.7:5070;transport=tcp");
	assert_true(
	    has(m.f[PORT_F_FROM], "<sip:j%40xn--bcher-kva.test@gh.test"));
	assert_int_equal(refused(s, "al", "sip:r@xn--a.test"), 404);
}

/* The SIP side of section 15.1 as users who enter a MUC. */
static void test_vectors_from_sip(void **state)
{
	static const struct {
		const char *uri, *jid; /* bare; NULL: he is refused */
		int status;
	} rows[] = {
	    {"sip:Romeo@S.test.", "romeo@s.test", 0},
	    {"sip:o'malley@s.test", "o\\27malley@s.test", 0},
	    {"sip:m&m@s.test", "m\\26m@s.test", 0},
	    {"sip:a%20b@s.test", "a\\20b@s.test", 0},
	    {"sip:%20ab@s.test", NULL, 403},
	    {"sip:%22joe%22@s.test", "\\22joe\\22@s.test", 0},
	    {"sip:a:secret@s.test", "a@s.test", 0},
	    {"sip:%3Cx%3E@s.test", "\\3cx\\3e@s.test", 0},
	    {"sip:a%40b@s.test", "a\\40b@s.test", 0},
	    {"sip:%5C27x@s.test", "\\5c27x@s.test", 0},
	    {"sip:%5C5commas@s.test", "\\5c5commas@s.test", 0},
	    {"sip:x%5C41y@s.test", "x\\41y@s.test", 0},
	    {"sip:x%5C2Fy@s.test", "x\\5c2fy@s.test", 0},
	    {"sip:a%EF%BC%A0b@s.test", NULL, 403},
	    {"sip:100%25@s.test", "100%@s.test", 0},
	    {"sip:%F0%9F%98%80@s.test", NULL, 403},
	    {"sip:romeo@f.test", "romeo\\40f.test@ud.test", 0},
	    {"sip:a%40b@f.test", "a\\40b\\40f.test@ud.test", 0},
	    {"sip:romeo@f.test:5070", "romeo\\40f.test\\3a5070@ud.test", 0},
	    {"sip:x@xn--bcher-kva.test",
	     "x@b\xc3\xbc"
	     "cher.test",
	     403},
	    {"sip:u@[2001:db8::1]", "u\\40[2001\\3adb8\\3a\\3a1]@ud.test", 0},
	};
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_init(&u, s, "x", "sip:r@muc.x.test");
	m.new_dialog = true;
	sip_user_request(&u, &m, "INVITE");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str from;

		m.dlg = ++s->ids;
		m.req = ++s->ids;
		m.f[PORT_F_RURI] =
		    arena_printf(s->arena, "sip:r%zu@muc.x.test", i);
		m.f[PORT_F_TO] =
		    arena_printf(s->arena, "<sip:r%zu@muc.x.test>", i);
		m.f[PORT_F_FROM] =
		    arena_printf(s->arena, "<%s>;tag=1", rows[i].uri);
		m.f[PORT_F_CALL_ID] = arena_printf(s->arena, "v%zu", i);
		scene_sip_event(s, &m);
		scene_run(s, 10);
		if (rows[i].status) {
			if (scene_sip_none(s, PORT_ANSWER, NULL))
				fail_msg("%s is let in", rows[i].uri);
			assert_int_equal(is_answered(s), rows[i].status);
			continue;
		}
		if (!scene_sip_none(s, PORT_ANSWER, NULL))
			fail_msg("%s is refused", rows[i].uri);
		from = x_attr(
		    xmpp_take(s,
			      arena_printf(s->arena, "r%zu@muc.x.test", i).p),
		    "from");
		from = str_split(&from, '/');
		if (!str_eq(from, str_z(rows[i].jid)))
			fail_msg("%s is %.*s", rows[i].uri, STR_ARG(from));
	}
	sip_user_done(&u);
}

/* Its XMPP side as users who enter a SIP conference. */
static void test_vectors_from_xmpp(void **state)
{
	static const struct {
		const char *jid, *uri; /* NULL: he is refused */
	} rows[] = {
	    {"m\\26m@x.test/1", "<sip:m&m@x.test"},
	    {"a\\40b@x.test/1", "<sip:a%40b@x.test"},
	    {"\\20ab@x.test/1", NULL},
	    {"c\\3a\\5c5commas@x.test/1", "<sip:c%3A%5C5commas@x.test"},
	    {"foo\\bar@x.test/1", "<sip:foo%5Cbar@x.test"},
	    {"\\5c27x@x.test/1", "<sip:%5C27x@x.test"},
	    {"a#b%c@x.test/1", "<sip:a%23b%25c@x.test"},
	    {"a[b]^`{|}@x.test/1", "<sip:a%5Bb%5D%5E%60%7B%7C%7D@x.test"},
	    {"tsch\xc3\xbcss@b\xc3\xbc"
	     "cher.test/1",
	     "<sip:tsch%C3%BCss@xn--bcher-kva.test"},
	    {"juliet@x.test/b\xc3\xa4lcony 1",
	     "<sip:juliet@x.test;gr=b%C3%A4lcony%201>"},
	    {"juliet@x.test/a@b;c=d?e",
	     "<sip:juliet@x.test;gr=a%40b%3Bc%3Dd%3Fe>"},
	    {"juliet@x.test/[x]:y", "<sip:juliet@x.test;gr=[x]:y>"},
	    {"j@far.test/1", "<sip:j%40far.test@gh.test;gr=1>"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char room[64];
		struct port_msg m;

		snprintf(room, sizeof(room), "r%zu\\40conf.test@rd.test", i);
		joins(s, rows[i].jid, room);
		if (!rows[i].uri) {
			is_refused(s, rows[i].jid, "modify", "jid-malformed");
			continue;
		}
		m = scene_sip(s, PORT_DIAL, NULL);
		if (!has(m.f[PORT_F_FROM], rows[i].uri))
			fail_msg("%s is %.*s", rows[i].jid,
				 STR_ARG(m.f[PORT_F_FROM]));
	}
}

/* ADDR-28: a room of ours is served here however it is written. */
static void test_own_room(void **state)
{
	struct scene *s = *state;
	const struct xnode *p;
	struct sip_user u;

	sip_user_join(&u, s, "al", "sip:r%40rd.test@gh.test", "a=chatroom\r\n");
	assert_int_equal(msrp_say(&u, "sip:r%40rd.test@gh.test", "a"), 200);
	assert_int_equal(msrp_say(&u, "sip:r@rd.test", "b"), 200);
	assert_int_equal(msrp_say(&u, "sip:r2@rd.test", "c"), 404);
	joins(s, "j@far.test/b", "r\\40rd.test@rd.test");
	p = xmpp_take(s, "j@far.test/b");
	assert_false(str_eq(x_attr(p, "type"), STR("error")));
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	sip_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_idn, setup_open),
	    T(test_vectors_from_sip, setup_vectors),
	    T(test_vectors_from_xmpp, setup_vectors),
	    T(test_own_room, setup_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
