/* What a kill -9 of the SIP process leaves of its dialogs: everything. And how
 * it starts, fails to start, hangs and stops. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/lib/valgrind.h"
#include "tests/unit/sip_bed.h"

#define FEW_DESCRIPTORS 64

static void survives_kill(struct bed *b, bool tcp)
{
	struct peer p;
	struct call c = {&p, "killed", "ft", ""};
	const struct port_msg *m;
	const char *z;
	uint64_t dlg, req;

	peer_open(&p, b, tcp);
	dlg = call_establish(&c, "");
	req = core_send(b, dlg, "NOTIFY", NULL, "1");
	peer_answer(&p, z = peer_hears_start(&p, "NOTIFY"), 200, NULL, NULL);
	assert_string_equal(header(z, "CSeq"), "2 NOTIFY");
	core_outcome(b, req, 200);

	bed_kill(b);
	assert_int_equal(sip_child_stats(b->child).restarts, 1);
	assert_int_equal(sip_child_stats(b->child).dialogs, 1);
	if (tcp) { /* the connection died with it: the client comes again */
		peer_close(&p);
		peer_open(&p, b, true);
	}
	call_say(&c, "INVITE", 2, call_contact(&c), NULL);
	m = core_asked(b, "INVITE");
	assert_true(m->dlg == dlg);
	assert_false(m->new_dialog);
	core_answer(b, m, 200, NULL, "v=0\r\n");
	peer_hears_start(&p, "SIP/2.0 200");
	call_say(&c, "ACK", 2, NULL, NULL);
	core_told(b, PORT_ACK);

	req = core_send(b, dlg, "NOTIFY", NULL, "2");
	z = peer_hears_start(&p, "NOTIFY sip:a@127.0.0.1");
	assert_true(atoi(header(z, "CSeq")) > 2);
	assert_non_null(strstr(header(z, "To"), ";tag=ft"));
	assert_non_null(strstr(header(z, "From"), c.to_tag));
	assert_string_equal(header(z, "Call-ID"), "killed");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);

	call_say(&c, "BYE", 3, NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 200");
	assert_true(core_asked(b, "BYE")->dlg == dlg);
	core_forget(b, dlg);
	call_say_as(&c, "BYE", 3, "repeated", NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 200");

	/* a repeated BYE finds a tombstone, whichever process hears it */
	bed_kill(b);
	if (tcp) {
		peer_close(&p);
		peer_open(&p, b, true);
	}
	call_say(&c, "BYE", 3, NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 200");
	call_say(&c, "INFO", 4, NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 481");
	assert_true(TAILQ_EMPTY(&b->told));
	peer_close(&p);
}

static void survives_kill_over_udp(void **state)
{
	survives_kill(*state, false);
}

static void survives_kill_over_tcp(void **state)
{
	survives_kill(*state, true);
}

/* What the core sends while the process is down, or dies with it, is sent. */
static void sends_after_the_restart(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "later", "ft", ""};
	const char *z;
	uint64_t dlg, first, second;

	peer_open(&p, b, false);
	dlg = call_establish(&c, "");
	first = core_send(b, dlg, "INFO", NULL, "unanswered");
	peer_hears_start(&p, "INFO");
	kill(sip_child_pid(b->child), SIGKILL);
	second = core_send(b, dlg, "BYE", NULL, NULL);
	core_forget_now(b, dlg);
	do
		z = peer_hears_start(&p,
				     "INFO"); /* maybe once more by the first */
	while (b->ready < 2);
	peer_answer(&p, z, 200, NULL, NULL);
	z = peer_hears_start(&p, "BYE");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, first, 200);
	core_outcome(b, second, 200);
	assert_true(sip_child_stats(b->child).resent >= 2);
	assert_int_equal(sip_child_stats(b->child).dialogs, 0);
	peer_close(&p);
}

/* An INVITE whose 2xx was lost with the process is answered under the same tag.
 */
static void recognises_a_repeated_invite(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "again", "ft", ""};
	const struct port_msg *m, *again;
	char tag[64];

	peer_open(&p, b, false);
	call_say_as(&c, "INVITE", 1, "again", call_contact(&c), NULL);
	m = core_asked(b, "INVITE");
	core_answer(b, m, 200, NULL, "v=0\r\n");
	call_learn_tag(&c, peer_hears_start(&p, "SIP/2.0 200"));
	snprintf(tag, sizeof tag, "%s", c.to_tag);
	*c.to_tag = '\0';
	bed_kill(b);
	call_say_as(&c, "INVITE", 1, "again", call_contact(&c), NULL);
	again = core_asked(b, "INVITE");
	assert_true(again->dlg == m->dlg);
	assert_false(again->new_dialog);
	assert_int_equal(again->cseq, 1);
	core_answer(b, again, 200, NULL, "v=0\r\n");
	call_learn_tag(&c, peer_hears_start(&p, "SIP/2.0 200"));
	assert_string_equal(c.to_tag, tag);
	call_say(&c, "ACK", 1, NULL, NULL);
	assert_true(core_told(b, PORT_ACK)->dlg == m->dlg);
	peer_close(&p);
}

/* An ACK that the next process hears still counts. */
static void passes_a_stray_ack(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "stray", "ft", ""};
	const struct port_msg *m;

	peer_open(&p, b, false);
	call_say(&c, "INVITE", 1, call_contact(&c), NULL);
	m = core_asked(b, "INVITE");
	core_answer(b, m, 200, NULL, "v=0\r\n");
	call_learn_tag(&c, peer_hears_start(&p, "SIP/2.0 200"));
	bed_kill(b);
	call_say(&c, "ACK", 1, NULL, NULL);
	assert_true(core_told(b, PORT_ACK)->dlg == m->dlg);
	peer_close(&p);
}

static void keeps_many_dialogs(void **state)
{
	enum { N = 300 };
	struct bed *b = *state;
	struct peer p;
	char ids[N][16];
	struct call calls[N];

	peer_open(&p, b, true);
	for (int i = 0; i < N; i++) {
		snprintf(ids[i], sizeof ids[i], "many%d", i);
		calls[i] = (struct call){&p, ids[i], "ft", ""};
		call_establish(&calls[i], "");
	}
	bed_kill(b);
	peer_close(&p);
	peer_open(&p, b, true);
	for (int i = 0; i < N; i++) {
		call_say(&calls[i], "BYE", 2, NULL, NULL);
		peer_hears_start(&p, "SIP/2.0 200");
		core_forget(b, core_asked(b, "BYE")->dlg);
	}
	assert_int_equal(sip_child_stats(b->child).dialogs, 0);
	peer_close(&p);
}

static void reports_a_dead_dialog(void **state)
{
	struct bed *b = *state;
	uint64_t req = core_send(b, 12345, "BYE", NULL, NULL);
	core_outcome(b, req, 481);
}

static void says_why_it_cannot_listen(void **state)
{
	struct bed *b = *state, second;
	char listen[64], want[128];

	snprintf(listen, sizeof listen, "udp:127.0.0.1:%u", b->udp);
	bed_start(&second, bed_program(), listen);
	snprintf(want, sizeof want, "sip listen %s: Address already in use",
		 listen);
	assert_string_equal(second.failed, want);
	assert_int_equal(sip_child_pid(second.child), 0);
	bed_done(&second);

	bed_start(&second, bed_program(), "tls:127.0.0.1:5061");
	assert_non_null(
	    strstr(second.failed, "sip listen tls:127.0.0.1:5061: "));
	bed_done(&second);
}

static void says_that_it_cannot_start(void **state)
{
	struct bed b;
	(void)state;

	bed_start(&b, "/nonexistent/stoxd-sip", "udp:127.0.0.1:0");
	assert_null(b.child);
	bed_done(&b);
	bed_start(&b, "/bin/true", "udp:127.0.0.1:0");
	assert_string_equal(b.failed, "/bin/true: cannot be started");
	bed_done(&b);
}

/* Stopped in its tracks it answers no PORT_PING: after 15 s another takes over.
 */
static void replaces_a_hanging_process(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "hang", "ft", ""};
	siginfo_t stopped;
	uint64_t dlg;

	peer_open(&p, b, false);
	dlg = call_establish(&c, "");
	kill(sip_child_pid(b->child), SIGSTOP);
	/* what it said before it stopped is heard before the time passes */
	assert_int_equal(waitid(P_PID, (id_t)sip_child_pid(b->child), &stopped,
				WSTOPPED | WNOWAIT),
			 0);
	loop_settle(b->loop);
	b->skipped_ms += 16000;
	loop_settle(b->loop);
	while (b->ready < 2)
		bed_turn(b);
	call_say(&c, "BYE", 2, NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 200");
	assert_true(core_asked(b, "BYE")->dlg == dlg);
	peer_close(&p);
}

/* A running process gets other limits, and the next one starts with them. */
static void adjusts_limits(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call first = {&p, "first", "ft", ""};
	struct call second = {&p, "second", "ft", ""};
	struct call third = {&p, "third", "ft", ""};
	int pid = sip_child_pid(b->child);

	peer_open(&p, b, false);
	call_establish(&first, "");
	sip_child_adjust(b->child, LOG_ERROR, 1);
	core_settle(b);
	call_say(&second, "INVITE", 1, call_contact(&second), NULL);
	peer_hears_start(&p, "SIP/2.0 503");
	assert_int_equal(sip_child_pid(b->child), pid);
	bed_kill(b);
	call_say(&third, "INVITE", 1, call_contact(&third), NULL);
	peer_hears_start(&p, "SIP/2.0 503");
	sip_child_adjust(b->child, LOG_ERROR, 10);
	core_settle(b);
	third.id = "fourth";
	call_establish(&third, "");
	peer_close(&p);
}

#define IN_BED(f) cmocka_unit_test_setup_teardown(f, bed_setup, bed_teardown)

/* ABN-15: no descriptor is left for a connection: it is closed, and those that
 * are there are served. */
static void closes_what_it_has_no_descriptor_for(void **state)
{
	static const char options[] =
	    "OPTIONS sip:chat.test SIP/2.0\r\n"
	    "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKo\r\n"
	    "From: <sip:a@b>;tag=1\r\nTo: <sip:chat.test>\r\n"
	    "Call-ID: o\r\nCSeq: 1 FOO\r\nContent-Length: 0\r\n\r\n";
	struct rlimit few = {FEW_DESCRIPTORS, FEW_DESCRIPTORS};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd[FEW_DESCRIPTORS], closed = 0, served = 0;
	struct bed b;
	char got[1024];

	(void)state;
	skip_under_valgrind();
	/* what is open beyond the limit stays open */
	for (int i = 0; i < FEW_DESCRIPTORS; i++) {
		int low = socket(AF_INET, SOCK_STREAM, 0);

		fd[i] = fcntl(low, F_DUPFD_CLOEXEC, 2 * FEW_DESCRIPTORS);
		assert_true(fd[i] >= 0);
		close(low);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	bed_start(&b, bed_program(), "tcp:127.0.0.1:0");
	assert_int_equal(b.ready, 1);
	to.sin_port = htons(b.tcp);
	for (int i = 0; i < FEW_DESCRIPTORS; i++)
		assert_int_equal(
		    connect(fd[i], (struct sockaddr *)&to, sizeof to), 0);
	for (int i = 0; i < FEW_DESCRIPTORS; i++) {
		ssize_t n =
		    send(fd[i], options, sizeof options - 1, MSG_NOSIGNAL);

		n = n < 0 ? n : recv(fd[i], got, sizeof got, 0);
		if (n > 0)
			served++;
		else
			closed++;
		close(fd[i]);
	}
	assert_true(served > 5 && closed > 5);
	bed_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_BED(survives_kill_over_udp),
	    IN_BED(survives_kill_over_tcp),
	    IN_BED(sends_after_the_restart),
	    IN_BED(recognises_a_repeated_invite),
	    IN_BED(passes_a_stray_ack),
	    IN_BED(keeps_many_dialogs),
	    IN_BED(reports_a_dead_dialog),
	    IN_BED(says_why_it_cannot_listen),
	    cmocka_unit_test(says_that_it_cannot_start),
	    IN_BED(replaces_a_hanging_process),
	    IN_BED(adjusts_limits),
	    /* the last, for its limit stays */
	    cmocka_unit_test(closes_what_it_has_no_descriptor_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
