/* Requests as a client of other servers, and the credentials for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/uac.h"
#include "sip/digest.h"

struct bed {
	struct loop *loop;
	struct config *config;
	struct uac *uac;
	struct arena *arena;
	struct port_msg sent; /* the last */
	unsigned n_sent, n_told;
	int told; /* status */
	uint64_t ids;
};

static void on_send(void *user, const struct port_msg *m)
{
	struct bed *b = user;
	struct buf copy = BUF_INIT(PORT_BODY_MAX);

	port_encode(&copy, m);
	assert_int_equal(
	    port_decode(arena_dup(b->arena, buf_str(&copy)), &b->sent), 0);
	b->n_sent++;
	buf_done(&copy);
}

static uint64_t next_id(void *user)
{
	return ++((struct bed *)user)->ids;
}

static void on_told(void *user, const struct port_msg *m)
{
	struct bed *b = user;

	b->told = m->status;
	b->n_told++;
}

static const char config_text[] =
    "domain \"conf.test\" { rooms = sip credentials = {"
    "\"romeo@x.test capulet tomb stone\", \"@x.test all secret\", "
    "\"* guest pass\"} }\n"
    "domain \"open.test\" { rooms = sip }\n"
    "domain \"*\" { rooms = discover credentials = {\"* any thing\"} }\n";

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	char name[] = "/tmp/stox-uac-XXXXXX";
	int fd = mkstemp(name);

	assert_true(write(fd, config_text, strlen(config_text)) > 0);
	close(fd);
	b->loop = loop_new(NULL, NULL);
	b->arena = arena_new(1u << 22);
	assert_int_equal(config_load(name, &b->config), 0);
	unlink(name);
	b->uac = uac_new(&(struct uac_cfg){
	    .loop = b->loop,
	    .config = b->config,
	    .send = on_send,
	    .request_id = next_id,
	    .user = b,
	});
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	uac_free(b->uac);
	config_free(b->config);
	arena_free(b->arena);
	loop_free(b->loop);
	free(b);
	return 0;
}

static uint64_t ask(struct bed *b, enum port_type type, const char *method,
		    const char *domain, const char *user)
{
	struct port_msg m = port_msg(type);
	struct uac_login login = {str_z(domain), str_z(user)};

	m.dlg = 77;
	m.f[PORT_F_METHOD] = str_z(method);
	m.f[PORT_F_RURI] = STR("sip:r@127.0.0.1");
	m.f[PORT_F_FROM] = STR("<sip:romeo@x.test>");
	m.f[PORT_F_HEADERS] = STR("Subject: x\r\n");
	return uac_send(b->uac, &m, &login, on_told, b);
}

static void respond(struct bed *b, int status, const char *headers)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.dlg = 77;
	m.req = b->sent.req;
	m.status = status;
	m.cseq = 5;
	m.f[PORT_F_CALL_ID] = STR("call");
	m.f[PORT_F_FROM] = STR("<sip:romeo@x.test>;tag=t");
	m.f[PORT_F_TO_TAG] = STR("there");
	m.f[PORT_F_HEADERS] = str_z(headers);
	assert_true(uac_event(b->uac, &m));
}

/* The credentials of the last request under this header. */
static struct digest_credentials shown(struct bed *b, const char *header)
{
	struct str lines = b->sent.f[PORT_F_HEADERS];
	struct digest_credentials c = {0};

	while (lines.n) {
		struct str line = str_split(&lines, '\n');

		if (!str_ieq(str_split(&line, ':'), str_z(header)))
			continue;
		assert_int_equal(digest_credentials_parse(line, b->arena, &c),
				 0);
		return c;
	}
	fail_msg("no %s", header);
	return c;
}

static bool right(const struct digest_credentials *c, const char *user,
		  const char *password, const char *method)
{
	char ha1[DIGEST_HEX_MAX];

	digest_ha1(c->algorithm, str_z(user), c->realm, str_z(password), ha1);
	return str_eq(c->username, str_z(user)) &&
	       str_eq(c->uri, STR("sip:r@127.0.0.1")) &&
	       digest_verify(c, ha1, str_z(method));
}

#define MD5                                                                    \
	"WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=MD5, "   \
	"qop=\"auth\"\r\n"
#define SHA                                                                    \
	"WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", "                  \
	"algorithm=SHA-256, qop=\"auth\"\r\n"
#define PROXY                                                                  \
	"Proxy-Authenticate: Digest realm=\"p\", nonce=\"m\", "                \
	"qop=\"auth\"\r\n"

/* Whose are used: the first entry that means the user. The best algorithm is
 * taken (RFC 8760 §2.4); Call-ID and tag stay (RFC 3261 §22.2). */
static void test_dial(void **state)
{
	static const struct {
		const char *user, *name, *password;
	} tests[] = {
	    {"romeo@x.test", "capulet", "tomb stone"},
	    {"juliet@x.test", "all", "secret"},
	    {"ben@y.test", "guest", "pass"},
	};
	struct bed *b = *state;

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		struct digest_credentials c;
		uint64_t first;

		b->n_sent = b->n_told = 0;
		ask(b, PORT_DIAL, i ? "SUBSCRIBE" : "", "conf.test",
		    tests[i].user);
		first = b->sent.req;
		respond(b, 401, "Warning: 399 x \"y\"\r\n" MD5 SHA);
		assert_int_equal(b->n_sent, 2);
		assert_true(b->sent.req != first && b->sent.dlg == 77);
		assert_int_equal(b->sent.cseq, 5);
		assert_true(str_eq(b->sent.f[PORT_F_CALL_ID], STR("call")));
		assert_true(str_eq(b->sent.f[PORT_F_FROM],
				   STR("<sip:romeo@x.test>;tag=t")));
		assert_true(str_starts(b->sent.f[PORT_F_HEADERS],
				       STR("Subject: x\r\nAuthorization: ")));
		c = shown(b, "Authorization");
		assert_int_equal(c.algorithm, DIGEST_SHA256);
		assert_true(right(&c, tests[i].name, tests[i].password,
				  i ? "SUBSCRIBE" : "INVITE"));
		assert_int_equal(b->n_told, 0);
		respond(b, 200, "");
		assert_int_equal(b->told, 200);
		assert_false(uac_busy(b->uac));
	}
}

/* In a dialog, and behind a proxy that asks, too, whose nonce is then used a
 * second time (RFC 7616 §3.4). */
static void test_bye(void **state)
{
	struct bed *b = *state;
	struct digest_credentials c;

	ask(b, PORT_SEND, "BYE", "conf.test", "romeo@x.test");
	assert_int_equal(b->sent.type, PORT_SEND);
	respond(b, 407, PROXY);
	c = shown(b, "Proxy-Authorization");
	assert_true(right(&c, "capulet", "tomb stone", "BYE"));
	respond(b, 401, MD5);
	c = shown(b, "Proxy-Authorization");
	assert_true(str_eq(c.realm, STR("p")));
	assert_true(str_eq(c.nc_text, STR("00000002")));
	assert_true(right(&c, "capulet", "tomb stone", "BYE"));
	c = shown(b, "Authorization");
	assert_true(right(&c, "capulet", "tomb stone", "BYE"));
	assert_true(b->sent.f[PORT_F_CALL_ID].n == 0);
	respond(b, 200, "");
	assert_int_equal(b->told, 200);
}

/* Wrong ones are not tried again, old nonces a few times. */
static void test_refused(void **state)
{
	struct bed *b = *state;

	ask(b, PORT_DIAL, "", "conf.test", "romeo@x.test");
	respond(b, 401, MD5);
	respond(b, 401, MD5);
	assert_int_equal(b->n_sent, 2);
	assert_int_equal(b->told, 401);

	b->n_sent = b->told = 0;
	ask(b, PORT_DIAL, "", "conf.test", "romeo@x.test");
	for (int i = 0; i < 4; i++)
		respond(b, 401,
			"WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", "
			"qop=\"auth\", stale=true\r\n");
	assert_int_equal(b->n_sent, 4);
	assert_int_equal(b->told, 401);

	/* none that we have, or can answer */
	b->n_sent = b->told = 0;
	ask(b, PORT_DIAL, "", "open.test", "romeo@x.test");
	respond(b, 401, MD5);
	assert_int_equal(b->told, 401);
	b->told = 0;
	ask(b, PORT_DIAL, "", "conf.test", "romeo@x.test");
	respond(b, 401, "WWW-Authenticate: Basic realm=\"r\"\r\n");
	assert_int_equal(b->told, 401);
	b->told = 0;
	ask(b, PORT_DIAL, "", "conf.test", "romeo@x.test");
	respond(b, 401, "");
	assert_int_equal(b->told, 401);
	assert_int_equal(b->n_sent, 3);

	/* the section for all other domains */
	b->n_sent = 0;
	ask(b, PORT_DIAL, "", "far.test", "romeo@x.test");
	respond(b, 401, MD5);
	assert_int_equal(b->n_sent, 2);
	respond(b, 403, "");
}

static void test_given_up(void **state)
{
	struct bed *b = *state;
	struct port_msg other = port_msg(PORT_RESPONSE);
	uint64_t id = ask(b, PORT_DIAL, "", "conf.test", "romeo@x.test"), req;

	req = b->sent.req;
	uac_hang_up(b->uac, id);
	assert_int_equal(b->sent.type, PORT_HANG_UP);
	assert_true(b->sent.req == req);
	respond(b, 401, MD5); /* no second try */
	assert_int_equal(b->told, 401);
	b->told = 0;
	id = ask(b, PORT_SEND, "BYE", "conf.test", "romeo@x.test");
	uac_forget(b->uac, id);
	respond(b, 401, MD5); /* it is still said */
	assert_true(str_eq(b->sent.f[PORT_F_METHOD], STR("BYE")));
	respond(b, 200, "");
	assert_int_equal(b->told, 0);
	other.req = 4711;
	assert_false(uac_event(b->uac, &other));
	ask(b, PORT_SEND, "BYE", "conf.test", "romeo@x.test");
	assert_true(uac_busy(b->uac));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_dial),
	    TEST(test_bye),
	    TEST(test_refused),
	    TEST(test_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
