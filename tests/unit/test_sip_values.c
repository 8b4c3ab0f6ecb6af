/* Header values as the core is told them. */
#include "tests/unit/sip_bed.h"

static struct peer peer;

static int open_peer(void **state)
{
	bed_setup(state);
	peer_open(&peer, *state, false);
	return 0;
}

static int close_peer(void **state)
{
	peer_close(&peer);
	return bed_teardown(state);
}

/* An OPTIONS with this From and these header lines. */
static const struct port_msg *told_of(struct bed *bed, const char *from,
				      const char *extra)
{
	struct buf b = BUF_INIT(65536);
	const struct port_msg *m;
	char self[ADDR_TEXT_MAX];

	buf_addf(&b,
		 "OPTIONS sip:room@127.0.0.1 SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP %s;branch=z9hG4bKv\r\n"
		 "From: %s;tag=1\r\nTo: <sip:room@127.0.0.1>\r\n"
		 "Call-ID: v\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
		 "%sContent-Length: 0\r\n\r\n",
		 addr_text(&peer.self, self), from, extra);
	peer_say(&peer, buf_str(&b));
	buf_done(&b);
	m = core_asked(bed, "OPTIONS");
	core_answer(bed, m, 200, NULL, NULL);
	peer_hears_start(&peer, "SIP/2.0 200");
	return m;
}

static void equals(struct str value, const char *want)
{
	if (!str_eq(value, str_z(want)))
		fail_msg("wanted %s, got %.*s", want, STR_ARG(value));
}

/* Around the size of our first try at a value none loses its end. */
static void keeps_long_values(void **state)
{
	struct buf lines = BUF_INIT(65536), want = BUF_INIT(65536);
	char name[256];

	memset(name, 'u', sizeof(name));
	for (int n = 190; n < 220; n++) {
		struct str value = str_of(name, (size_t)n);

		buf_addf(&lines,
			 "Authorization: Digest username=%.*s, qop=auth, "
			 "nc=00000001\r\n",
			 STR_ARG(value));
		buf_addf(&want, "%sDigest username=%.*s, qop=auth, nc=00000001",
			 want.n ? "\n" : "", STR_ARG(value));
	}
	equals(told_of(*state, "<sip:a@c>", buf_z(&lines))
		   ->f[PORT_F_AUTHORIZATION],
	       buf_z(&want));
	buf_done(&lines);
	buf_done(&want);
}

/* A name can't become an identity by being folded. */
static void unfolds_names(void **state)
{
	const struct port_msg *m =
	    told_of(*state, "\"x\r\n <sip:b@c>\r\n \" <sip:a@c>", "");

	equals(m->f[PORT_F_FROM], "\"x   <sip:b@c>   \" <sip:a@c>;tag=1");
}

static void unfolds_identities(void **state)
{
	const struct port_msg *m = told_of(
	    *state, "<sip:a@c>",
	    "P-Asserted-Identity: \"x\r\n <sip:b@c>\r\n \" <sip:a@c>\r\n"
	    "X-Other: 1\r\n 2\r\n");

	equals(m->f[PORT_F_IDENTITY], "\"x   <sip:b@c>   \" <sip:a@c>");
	equals(m->f[PORT_F_HEADERS],
	       "Max-Forwards: 70\r\n"
	       "P-Asserted-Identity: \"x   <sip:b@c>   \" <sip:a@c>\r\n"
	       "X-Other: 1   2\r\n");
}

/* RFC 3325 §9.1: one header may hold both values. */
static void splits_identities(void **state)
{
	const struct port_msg *m = told_of(
	    *state, "<sip:a@c>",
	    "P-Asserted-Identity: \"A, \\\"B\" <sip:a,b@c>, <tel:+1555>\r\n"
	    "P-Asserted-Identity: <sip:d@c>\r\n");

	equals(m->f[PORT_F_IDENTITY],
	       "\"A, \\\"B\" <sip:a,b@c>\n <tel:+1555>\n<sip:d@c>");
}

#define IN_BED(f) cmocka_unit_test_setup_teardown(f, open_peer, close_peer)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_BED(keeps_long_values),
	    IN_BED(unfolds_names),
	    IN_BED(unfolds_identities),
	    IN_BED(splits_identities),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
