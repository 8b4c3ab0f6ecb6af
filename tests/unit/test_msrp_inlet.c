/* A session behind a relay, whose requests come on two connections. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/msrp_world.h"

#define RELAY "msrp://192.0.2.7:2855/r1;tcp"
/* both headers, by way of the relay */
#define HOPS "To-Path: {S}\r\nFrom-Path: " RELAY " {A}\r\n"
#define ANSWER(tid, status)                                                    \
	"MSRP " tid " " status "\r\nTo-Path: " RELAY "\r\nFrom-Path: {S}\r\n"  \
	"-------" tid "$\r\n"
#define SAYS(tid, body)                                                        \
	"MSRP " tid " SEND\r\n" HOPS "Message-ID: m" tid "\r\n"                \
	"Content-Type: text/plain\r\n\r\n" body "\r\n-------" tid "$\r\n"
#define ELSEWHERE "506 Session is on another connection"

/* p is the connection that bound the session, q another one of the relay. */
struct behind {
	struct world w;
	struct seat a;
	struct peer p, q;
	struct buf got; /* of a message that is passed on */
	struct msrp_incoming *in;
};

static int setup(void **state)
{
	struct behind *b = calloc(1, sizeof(*b));

	world_init(&b->w);
	seat_init_path(&b->a, &b->w, RELAY " " PEER_PATH);
	peer_init(&b->p, &b->w);
	peer_init_from(&b->q, &b->w, "192.0.2.7:4711");
	peer_says(&b->p, &b->a,
		  "MSRP t0aa SEND\r\n" HOPS "Message-ID: m0\r\n"
		  "-------t0aa$\r\n");
	peer_hears(&b->p, &b->a, ANSWER("t0aa", "200 OK"));
	seat_told(&b->a, "bound\n");
	buf_init(&b->got, SIZE_MAX / 2);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct behind *b = *state;

	seat_done(&b->a);
	if (b->p.bev)
		peer_done(&b->p);
	if (b->q.bev)
		peer_done(&b->q);
	world_done(&b->w);
	buf_done(&b->got);
	free(b);
	return 0;
}

static void hangs_up(struct peer *p)
{
	struct world *w = p->w;

	bufferevent_flush(p->bev, EV_WRITE, BEV_FINISHED);
	loop_settle(w->loop);
	peer_done(p);
	p->bev = NULL;
	loop_settle(w->loop);
}

/* MSRP-48: heard and answered there; what we send stays here */
static void test_both_are_heard(void **state)
{
	struct behind *b = *state;
	struct blob *hi = blob_new(STR("hi"));
	struct msrp_out out = {.body = hi,
			       .content_type = STR("text/plain"),
			       .failure_report = MSRP_FAILURE_NO};

	peer_says(&b->q, &b->a, SAYS("t1aa", "one"));
	peer_hears(&b->q, &b->a, ANSWER("t1aa", "200 OK"));
	peer_says(&b->p, &b->a, SAYS("t1bb", "two"));
	peer_hears(&b->p, &b->a, ANSWER("t1bb", "200 OK"));
	peer_says(&b->q, &b->a,
		  "MSRP t1cc NICKNAME\r\n" HOPS
		  "Use-Nickname: \"Ann\"\r\n-------t1cc$\r\n");
	peer_hears(&b->q, &b->a,
		   "MSRP t1cc 200 OK\r\nTo-Path: " RELAY " {A}\r\n"
		   "From-Path: {S}\r\n-------t1cc$\r\n");
	seat_told(&b->a, "message mt1aa text/plain 3 one\n"
			 "message mt1bb text/plain 3 two\nnick <Ann>\n");
	assert_int_equal(msrp_session_send(b->a.s, &out), 0);
	blob_unref(hi);
	assert_true(str_search(peer_got(&b->p), STR("\r\n\r\nhi\r\n")) > 0);
	assert_int_equal(peer_got(&b->q).n, 0);
}

/* RFC 4975 §5.4: to know the session's URI is not enough */
static void test_strangers(void **state)
{
	struct behind *b = *state;
	struct peer other;

	peer_init_from(&other, &b->w, "192.0.2.8:9");
	peer_says(&other, &b->a, SAYS("t2aa", "x"));
	peer_hears(&other, &b->a, ANSWER("t2aa", ELSEWHERE));
	peer_done(&other);
	peer_says(&b->q, &b->a,
		  "MSRP t2bb SEND\r\nTo-Path: {S}\r\nFrom-Path: " RELAY
		  " msrp://192.0.2.7:9/mallory;tcp\r\nMessage-ID: m2\r\n"
		  "Content-Type: text/plain\r\n\r\nx\r\n-------t2bb$\r\n");
	peer_hears(&b->q, &b->a, ANSWER("t2bb", ELSEWHERE));
	peer_says(&b->q, &b->a, SAYS("t2cc", "x"));
	peer_hears(&b->q, &b->a, ANSWER("t2cc", "200 OK"));
	peer_init(&other, &b->w);
	peer_says(&other, &b->a, SAYS("t2dd", "x"));
	peer_hears(&other, &b->a, ANSWER("t2dd", ELSEWHERE));
	peer_done(&other);
	seat_told(&b->a, "message mt2cc text/plain 1 x\n");
}

/* A message may change its connection between two chunks, and not within one.
 */
static void test_chunks(void **state)
{
	struct behind *b = *state;

	peer_says(&b->p, &b->a,
		  "MSRP t3aa SEND\r\n" HOPS "Message-ID: m3\r\n"
		  "Byte-Range: 1-3/6\r\nContent-Type: text/plain\r\n\r\n"
		  "abc\r\n-------t3aa+\r\n");
	peer_hears(&b->p, &b->a, ANSWER("t3aa", "200 OK"));
	peer_says(&b->q, &b->a,
		  "MSRP t3bb SEND\r\n" HOPS "Message-ID: m3\r\n"
		  "Byte-Range: 4-6/6\r\nContent-Type: text/plain\r\n\r\nde");
	peer_says(&b->p, &b->a, SAYS("t3cc", "x"));
	peer_hears(&b->p, &b->a, ANSWER("t3cc", ELSEWHERE));
	peer_says(&b->q, &b->a, "f\r\n-------t3bb$\r\n");
	peer_hears(&b->q, &b->a, ANSWER("t3bb", "200 OK"));
	seat_told(&b->a, "message m3 text/plain 6 abcdef\n");
	peer_says(&b->p, &b->a,
		  "MSRP t3dd SEND\r\n" HOPS "Message-ID: m4\r\n"
		  "Content-Type: text/plain\r\n\r\na");
	peer_says(&b->q, &b->a, SAYS("t3ee", "x"));
	peer_hears(&b->q, &b->a, ANSWER("t3ee", ELSEWHERE));
	seat_told(&b->a, "");
}

/* Its end is not the session's. */
static void test_second_ends(void **state)
{
	struct behind *b = *state;

	b->a.reply = 0;
	peer_says(&b->q, &b->a,
		  "MSRP t4aa SEND\r\n" HOPS "Message-ID: m4\r\n"
		  "Success-Report: yes\r\nContent-Type: text/plain\r\n\r\n"
		  "x\r\n-------t4aa$\r\nMSRP t4bb SEND\r\n" HOPS
		  "Message-ID: m5\r\nContent-Type: text/plain\r\n\r\nab");
	seat_told(&b->a, "message m4 text/plain 1 x\n");
	hangs_up(&b->q);
	msrp_session_reply(b->a.s, b->a.tx, 200, "");
	peer_hears(&b->p, &b->a,
		   "MSRP ~ REPORT\r\nTo-Path: " RELAY " {A}\r\n"
		   "From-Path: {S}\r\nMessage-ID: m4\r\nByte-Range: 1-1/1\r\n"
		   "Status: 000 200 OK\r\n-------~$\r\n");
	b->a.reply = 200;
	peer_says(&b->p, &b->a, SAYS("t4cc", "y"));
	peer_hears(&b->p, &b->a, ANSWER("t4cc", "200 OK"));
	peer_init(&b->q, &b->w);
	peer_says(&b->q, &b->a, SAYS("t4dd", "z"));
	peer_hears(&b->q, &b->a, ANSWER("t4dd", "200 OK"));
	seat_told(&b->a, "message mt4cc text/plain 1 y\n"
			 "message mt4dd text/plain 1 z\n");
}

/* MSRP-79 */
static void test_first_ends(void **state)
{
	struct behind *b = *state;

	peer_says(&b->q, &b->a,
		  "MSRP t5aa SEND\r\n" HOPS "Message-ID: m5\r\n"
		  "Content-Type: text/plain\r\n\r\nab");
	hangs_up(&b->p);
	seat_told(&b->a, "closed lost\n");
	peer_says(&b->q, &b->a, "c\r\n-------t5aa$\r\n");
	peer_hears(&b->q, &b->a, ANSWER("t5aa", "481 No such session"));
	seat_told(&b->a, "");
	/* and it does not stay for ever */
	world_wait(&b->w, 10000);
	assert_true(b->q.closed);
}

static void on_data(void *user, struct str data)
{
	struct behind *b = user;

	buf_add(&b->got, data);
}

static int on_end(void *user, msrp_tx tx)
{
	struct behind *b = user;

	(void)tx;
	b->in = NULL;
	return 200;
}

static void on_lost(void *user)
{
	struct behind *b = user;

	b->in = NULL;
}

static void on_flow(void *user, struct msrp_incoming *in,
		    const struct msrp_message *m)
{
	static const struct msrp_incoming_ops ops = {on_data, on_end, on_lost};
	struct seat *a = user;
	struct behind *b =
	    (struct behind *)((char *)a - offsetof(struct behind, a));

	b->in = in;
	msrp_incoming_take(in, &ops, b);
	buf_add(&b->got, m->body);
}

/* Octets first..last of m6, 200000 long. */
static void chunk(struct behind *b, struct peer *p, const char *tid,
		  size_t first, size_t last)
{
	struct buf c = BUF_INIT(SIZE_MAX / 2);

	buf_addf(&c,
		 "MSRP %s SEND\r\n" HOPS "Message-ID: m6\r\n"
		 "Byte-Range: %zu-%zu/200000\r\nContent-Type: text/plain\r\n"
		 "\r\n",
		 tid, first, last);
	for (size_t i = first; i <= last; i++)
		buf_addc(&c, (char)('a' + i % 26));
	buf_addf(&c, "\r\n-------%s%c\r\n", tid, last == 200000 ? '$' : '+');
	peer_sends(p, &b->a, buf_str(&c));
	buf_done(&c);
}

/* A message that is held holds the connection on which it comes; one whose
 * connection is gone goes on where the next chunk comes. */
static void test_flow(void **state)
{
	struct behind *b = *state;
	struct msrp_session_ops ops = seat_ops;
	struct msrp_session_cfg cfg = {
	    .peer_path = STR(RELAY " " PEER_PATH),
	    .peer_sends = true,
	    .ops = &ops,
	    .user = &b->a,
	};

	ops.flow = on_flow;
	msrp_session_free(b->a.s);
	assert_int_equal(msrp_session_new(b->w.msrp, &cfg, &b->a.s), 0);
	chunk(b, &b->p, "t6aa", 1, 90000);
	chunk(b, &b->q, "t6bb", 90001, 100000);
	assert_non_null(b->in);
	assert_int_equal(b->got.n, 100000);
	msrp_incoming_hold(b->in, true);
	chunk(b, &b->q, "t6cc", 100001, 110000);
	assert_int_equal(b->got.n, 100000);
	msrp_incoming_hold(b->in, false);
	loop_settle(b->w.loop);
	assert_int_equal(b->got.n, 110000);
	msrp_incoming_hold(b->in, true);
	chunk(b, &b->p, "t6dd", 110001, 130000);
	assert_int_equal(b->got.n, 110000);
	hangs_up(&b->q);
	msrp_incoming_hold(b->in, false);
	loop_settle(b->w.loop);
	assert_int_equal(b->got.n, 130000);
	chunk(b, &b->p, "t6ff", 130001, 200000);
	assert_null(b->in);
	assert_int_equal(b->got.n, 200000);
	for (size_t i = 0; i < b->got.n; i++)
		assert_int_equal(b->got.p[i], 'a' + (i + 1) % 26);
	msrp_session_free(b->a.s);
	b->a.s = NULL;
}

/* A host whose queue of connections is full: nobody gets through. */
static unsigned crowded(int fds[3])
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t n = sizeof(in);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fds[0], (struct sockaddr *)&in, n), 0);
	assert_int_equal(listen(fds[0], 0), 0);
	getsockname(fds[0], (struct sockaddr *)&in, &n);
	for (int i = 1; i < 3; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fds[i], (struct sockaddr *)&in, n);
	}
	return ntohs(in.sin_port);
}

/* The relay speaks before we have got through to it. */
static void test_while_connecting(void **state)
{
	struct behind *b = *state;
	char host[32], path[128], frame[512];
	struct addr to;
	struct seat a;
	struct peer q;
	int fds[3];

	snprintf(host, sizeof(host), "127.0.0.1:%u", crowded(fds));
	snprintf(path, sizeof(path), "msrp://%s/r2;tcp " PEER_PATH, host);
	seat_init_path(&a, &b->w, path);
	assert_int_equal(addr_parse(str_z(host), &to), 0);
	msrp_session_connect_to(a.s, &to, 1);
	loop_settle(b->w.loop);
	peer_init_from(&q, &b->w, "127.0.0.1:4711");
	snprintf(frame, sizeof(frame),
		 "MSRP t7aa SEND\r\nTo-Path: {S}\r\nFrom-Path: %s\r\n"
		 "Message-ID: m7\r\nContent-Type: text/plain\r\n\r\n"
		 "x\r\n-------t7aa$\r\n",
		 path);
	peer_says(&q, &a, frame);
	seat_told(&a, "message m7 text/plain 1 x\n");
	assert_true(str_starts(peer_got(&q), STR("MSRP t7aa 200 OK\r\n")));
	snprintf(frame, sizeof(frame),
		 "MSRP t7bb SEND\r\nTo-Path: {S}\r\nFrom-Path: %s\r\n"
		 "Message-ID: m8\r\nByte-Range: 1-1/2\r\n"
		 "Content-Type: text/plain\r\n\r\nx\r\n-------t7bb+\r\n",
		 path);
	peer_says(&q, &a, frame);
	world_wait(&b->w, 31000);
	seat_told(&a, "closed unbound\n");
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	seat_done(&a);
	peer_done(&q);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_both_are_heard), CASE(test_strangers),
	    CASE(test_chunks),	       CASE(test_second_ends),
	    CASE(test_first_ends),     CASE(test_while_connecting),
	    CASE(test_flow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
