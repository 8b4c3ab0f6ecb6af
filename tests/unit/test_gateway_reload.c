/* The configuration read again: what changes, what stays, and for how long
 * strings are good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/reload.h"

struct bed {
	char file[64];
	struct log log;
	struct loop *loop;
	struct config *first;
	struct live_config live;
	struct buf said;
};

#define START                                                                  \
	"log-level = \"info\"\n"                                               \
	"metrics = \"\"\n"                                                     \
	"sip { listen = {\"tcp:127.0.0.1:5060\"} trust = {\"10.0.0.0/8\"} }\n" \
	"domain \"a.test\" { rooms = local name = \"A\" }\n"                   \
	"domain \"b.test\" { rooms = local name = \"B\" }\n"

static void write_file(const struct bed *w, const char *text)
{
	FILE *f = fopen(w->file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int set_up(void **state)
{
	struct bed *w = calloc(1, sizeof(*w));

	strcpy(w->file, "/tmp/stox-reload-XXXXXX");
	close(mkstemp(w->file));
	write_file(w, START);
	log_init(&w->log, LOG_ERROR, "test");
	w->loop = loop_new(&w->log, NULL);
	buf_init(&w->said, 65536);
	assert_int_equal(config_load(w->file, &w->first), 0);
	live_config_init(&w->live, w->first);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *w = *state;

	loop_free(w->loop);
	live_config_done(&w->live);
	config_free(w->first);
	buf_done(&w->said);
	unlink(w->file);
	free(w);
	return 0;
}

/* What it says; the turn ends. */
static const char *reload(struct bed *w, const char *text)
{
	struct config *fresh;

	write_file(w, text);
	buf_clear(&w->said);
	if (live_config_read(&w->live, &fresh, &w->said) == 0)
		live_config_take(&w->live, w->loop, fresh, &w->said);
	loop_settle(w->loop);
	return buf_z(&w->said);
}

static const char *title(const struct bed *w, const char *domain)
{
	const struct domain_config *d =
	    config_domain(&w->live.now, str_z(domain));

	return d ? d->title : NULL;
}

static void test_good(void **state)
{
	struct bed *w = *state;
	struct addr peer;

	assert_string_equal(
	    reload(w, "log-level = \"debug\"\n"
		      "metrics = \"\"\n"
		      "sip { listen = {\"tcp:127.0.0.1:5060\"}\n"
		      "      trust = {\"192.0.2.0/24\"} }\n"
		      "domain \"a.test\" { rooms = local name = \"AA\" }\n"
		      "domain \"b.test\" { rooms = local name = \"B\" }\n"
		      "domain \"c.test\" { rooms = local name = \"C\" }\n"),
	    "");
	assert_int_equal(w->live.now.log_level, LOG_DEBUG);
	assert_string_equal(title(w, "a.test"), "AA");
	assert_string_equal(title(w, "c.test"), "C");
	assert_int_equal(addr_parse(STR("192.0.2.7:1"), &peer), 0);
	assert_true(config_trusts(&w->live.now, &peer));
	assert_int_equal(addr_parse(STR("10.1.1.1:1"), &peer), 0);
	assert_false(config_trusts(&w->live.now, &peer));
}

static void test_bad(void **state)
{
	struct bed *w = *state;
	const char *said = reload(w, START "domain \"c.test\" { rooms = x }\n");
	char want[128];

	snprintf(want, sizeof(want), "%s:6: rooms: 'x' is none of ", w->file);
	assert_memory_equal(said, want, strlen(want));
	assert_int_equal(w->live.now.n_domains, 2);
	assert_string_equal(title(w, "a.test"), "A");
	unlink(w->file);
	buf_clear(&w->said);
	assert_true(
	    live_config_read(&w->live, &(struct config *){NULL}, &w->said) < 0);
	assert_string_equal(title(w, "a.test"), "A");
	write_file(w, START);
}

/* What is set up once keeps its first value, however often it is read. */
static void test_fixed(void **state)
{
	struct bed *w = *state;

	for (int i = 0; i < 2; i++) {
		assert_string_equal(
		    reload(w, "metrics = \"127.0.0.1:1\"\n"
			      "state-dir = \"/elsewhere\"\n"
			      "sip { listen = {\"tcp:127.0.0.1:5061\"} }\n"
			      "msrp { max-connections = 7 }\n"
			      "domain \"a.test\" { rooms = local }\n"
			      "domain \"b.test\" { rooms = local }\n"),
		    "state-dir: changes only with a restart\n"
		    "metrics: changes only with a restart\n"
		    "sip { listen }: changes only with a restart\n"
		    "msrp { max-connections }: changes only with a restart\n");
		assert_string_equal(w->live.now.metrics, "");
		assert_int_equal(w->live.now.sip.listen[0].port, 5060);
		assert_int_equal(w->live.now.msrp.max_connections, 20000);
		assert_string_equal(title(w, "a.test"), "");
	}
	assert_string_equal(reload(w, START), "");
}

/* Likewise the file server: it neither starts, moves nor ends. */
static void test_files(void **state)
{
#define FILES(port)                                                            \
	"files { listen = \"127.0.0.1:" port "\" base-url = "                  \
	"\"https://f.test/\" max-size = 5 }\n"
	static const char said[] =
	    "files { listen }: changes only with a restart\n";
	struct bed *w = *state;

	assert_string_equal(reload(w, START FILES("1")), said);
	assert_string_equal(w->live.now.files.listen, "");
	assert_string_equal(reload(w, START FILES("1")), said);
	config_free(w->first);
	live_config_done(&w->live);
	write_file(w, START FILES("1"));
	assert_int_equal(config_load(w->file, &w->first), 0);
	live_config_init(&w->live, w->first);
	assert_string_equal(reload(w, START FILES("2")), said);
	assert_string_equal(w->live.now.files.listen, "127.0.0.1:1");
	assert_string_equal(reload(w, START), said);
	assert_string_equal(w->live.now.files.listen, "127.0.0.1:1");
	assert_string_equal(w->live.now.files.base_url, "https://f.test/");
#undef FILES
}

/* A domain of rooms outlives its section, its strings too; it may come back. */
static void test_domain_stays(void **state)
{
	static const char only_a[] =
	    "metrics = \"\"\n"
	    "sip { listen = {\"tcp:127.0.0.1:5060\"} }\n"
	    "domain \"a.test\" { rooms = local name = \"A2\" }\n";
	static const char other_kind[] =
	    "metrics = \"\"\n"
	    "sip { listen = {\"tcp:127.0.0.1:5060\"} }\n"
	    "domain \"a.test\" { rooms = local name = \"A3\" }\n"
	    "domain \"b.test\" { rooms = xmpp name = \"B3\" }\n";
	struct bed *w = *state;

	reload(w, START "domain \"c.test\" { rooms = local name = \"C\" }\n");
	for (int i = 0; i < 3; i++) {
		assert_string_equal(
		    reload(w, only_a),
		    "domain \"b.test\": ends only with a restart\n"
		    "domain \"c.test\": ends only with a restart\n");
		assert_string_equal(title(w, "a.test"), "A2");
		assert_string_equal(title(w, "b.test"), "B");
		assert_string_equal(title(w, "c.test"), "C");
	}
	reload(w, other_kind);
	assert_string_equal(title(w, "b.test"), "B");
	assert_int_equal(w->live.now.n_domains, 3);
	assert_string_equal(reload(w, START),
			    "domain \"c.test\": ends only with a restart\n");
	assert_string_equal(title(w, "b.test"), "B");
	assert_string_equal(title(w, "c.test"), "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_good, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_bad, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_fixed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_domain_stays, set_up,
					    tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
