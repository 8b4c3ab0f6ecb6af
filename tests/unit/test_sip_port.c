/* The port: encoding, pieces, the queue of a full socket, a dead side. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "sip/port.h"

static void pair(struct port_end *a, struct port_end *b)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	port_end_init(a, fds[0]);
	port_end_init(b, fds[1]);
}

static void same(const struct port_msg *a, const struct port_msg *b)
{
	assert_int_equal(a->type, b->type);
	assert_true(a->dlg == b->dlg && a->req == b->req);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->cseq, b->cseq);
	assert_true(a->expires == b->expires);
	assert_int_equal(a->new_dialog, b->new_dialog);
	assert_memory_equal(a->number, b->number, sizeof a->number);
	for (int i = 0; i < PORT_FIELDS; i++)
		assert_true(str_eq(a->f[i], b->f[i]));
}

static struct port_msg everything(void)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.dlg = UINT64_C(0x0102030405060708);
	m.req = UINT64_C(0xfffffffffffffffe);
	m.status = -5;
	m.cseq = 4294967295u;
	m.expires = 3600;
	m.new_dialog = true;
	for (uint32_t i = 0; i < 4; i++)
		m.number[i] = i * 1000000007u;
	for (int i = 0; i < PORT_FIELDS; i++)
		m.f[i] = str_of("a\0b\r\n values of many lengths", 1 + i % 27);
	return m;
}

static void encodes_as_laid_down(void **state)
{
	static const unsigned char wire[] =
	    "\x43\0\0\0\0\0\0\0\x07\x80\0\0\0\0\0\0\x09\0\0\x01\xe6\0\0\0\x02"
	    "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x0b\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\x01\x1c\0\0\0\x03hi!";
	struct port_msg m = port_msg(PORT_CANCEL);
	struct buf b = BUF_INIT(1000);
	(void)state;

	m.dlg = 7;
	m.req = UINT64_C(1) << 63 | 9;
	m.status = 486;
	m.cseq = 2;
	m.number[0] = 11;
	m.new_dialog = true;
	m.f[PORT_F_BODY] = STR("hi!");
	port_encode(&b, &m);
	assert_int_equal(b.err, 0);
	assert_int_equal(b.n, sizeof wire - 1);
	assert_memory_equal(b.p, wire, b.n);
	buf_done(&b);
}

static void decodes_what_it_encoded(void **state)
{
	struct port_msg m = everything(), out;
	struct buf b = BUF_INIT(10000);
	(void)state;

	port_encode(&b, &m);
	assert_int_equal(port_decode(buf_str(&b), &out), 0);
	same(&m, &out);
	buf_done(&b);
}

static void refuses_every_truncation(void **state)
{
	struct port_msg m = everything(), out;
	struct buf b = BUF_INIT(10000);
	(void)state;

	/* one field: every shorter message but the head alone is malformed */
	for (int i = 0; i < PORT_FIELDS; i++)
		if (i != PORT_F_BODY)
			m.f[i] = STR_NONE;
	port_encode(&b, &m);
	for (size_t n = 0; n < b.n; n++) {
		bool head = n == b.n - 5 - m.f[PORT_F_BODY].n;
		int r = port_decode(str_of(b.p, n), &out);
		assert_int_equal(r, head ? 0 : ERR_SYNTAX);
	}
	b.p[0] = 0;
	assert_int_equal(port_decode(buf_str(&b), &out), ERR_SYNTAX);
	b.p[0] = 40;
	assert_int_equal(port_decode(buf_str(&b), &out), ERR_SYNTAX);
	buf_done(&b);
}

static void refuses_unknown_fields(void **state)
{
	struct port_msg m = port_msg(PORT_PING), out;
	struct buf b = BUF_INIT(1000);
	(void)state;

	port_encode(&b, &m);
	buf_addc(&b, (char)PORT_FIELDS);
	buf_add(&b, str_of("\0\0\0\0", 4));
	assert_int_equal(port_decode(buf_str(&b), &out), ERR_SYNTAX);
	buf_done(&b);
}

static void carries_messages_in_order(void **state)
{
	struct port_end a, b;
	struct port_msg m = everything(), out;
	(void)state;

	pair(&a, &b);
	for (uint64_t i = 1; i <= 50; i++) {
		m.req = i;
		assert_int_equal(port_end_send(&a, &m), 0);
	}
	for (uint64_t i = 1; i <= 50; i++) {
		m.req = i;
		assert_int_equal(port_end_recv(&b, &out), 1);
		same(&m, &out);
	}
	assert_int_equal(port_end_recv(&b, &out), 0);
	port_end_done(&a);
	port_end_done(&b);
}

/* Bodies around the size of one piece, and large ones through a full socket. */
static void carries_long_bodies(void **state)
{
	static const size_t sizes[] = {65479, 65480, 65481, 131014, 3000000};
	struct port_end a, b;
	struct port_msg m, out;
	char *body = malloc(3000000);
	(void)state;

	assert_non_null(body);
	for (size_t i = 0; i < 3000000; i++)
		body[i] = (char)(i * 31 >> 3);
	pair(&a, &b);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int r;
		m = port_msg(PORT_ANSWER);
		m.req = i + 1;
		m.f[PORT_F_BODY] = str_of(body, sizes[i]);
		assert_int_equal(port_end_send(&a, &m), 0);
		while ((r = port_end_recv(&b, &out)) == 0)
			assert_true(port_end_flush(&a) >= 0);
		assert_int_equal(r, 1);
		same(&m, &out);
	}
	assert_int_equal(a.queued, 0);
	port_end_done(&a);
	port_end_done(&b);
	free(body);
}

static void refuses_too_long(void **state)
{
	struct port_end a, b;
	struct port_msg m = port_msg(PORT_ANSWER), out;
	char *body = calloc(1, PORT_BODY_MAX);
	(void)state;

	pair(&a, &b);
	m.f[PORT_F_BODY] = str_of(body, PORT_BODY_MAX);
	assert_int_equal(port_end_send(&a, &m), ERR_TOO_BIG);
	assert_int_equal(port_end_recv(&b, &out), 0);
	port_end_done(&a);
	port_end_done(&b);
	free(body);
}

static void queues_what_the_kernel_refuses(void **state)
{
	struct port_end a, b;
	struct port_msg m = everything(), out;
	uint64_t sent = 0, got = 0;
	(void)state;

	pair(&a, &b);
	while (!a.queued || sent < 3000) {
		m.req = ++sent;
		assert_int_equal(port_end_send(&a, &m), 0);
	}
	assert_int_equal(port_end_flush(&a), 1);
	while (got < sent) {
		int r = port_end_recv(&b, &out);
		if (r == 0) {
			assert_true(port_end_flush(&a) >= 0);
			continue;
		}
		assert_int_equal(r, 1);
		assert_true(out.req == ++got);
	}
	assert_int_equal(a.queued, 0);
	assert_int_equal(port_end_flush(&a), 0);
	port_end_done(&a);
	port_end_done(&b);
}

static void reads_what_a_dead_side_sent(void **state)
{
	struct port_end a, b;
	struct port_msg m = everything(), out;
	(void)state;

	pair(&a, &b);
	assert_int_equal(port_end_send(&b, &m), 0); /* stays unread */
	for (int i = 0; i < 3; i++)
		assert_int_equal(port_end_send(&a, &m), 0);
	port_end_done(&a);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(port_end_recv(&b, &out), 1);
		same(&m, &out);
	}
	assert_int_equal(port_end_recv(&b, &out), ERR_GONE);
	assert_int_equal(port_end_send(&b, &m), ERR_GONE);
	port_end_done(&b);
	assert_int_equal(port_end_recv(&b, &out), ERR_GONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(encodes_as_laid_down),
	    cmocka_unit_test(decodes_what_it_encoded),
	    cmocka_unit_test(refuses_every_truncation),
	    cmocka_unit_test(refuses_unknown_fields),
	    cmocka_unit_test(carries_messages_in_order),
	    cmocka_unit_test(carries_long_bodies),
	    cmocka_unit_test(refuses_too_long),
	    cmocka_unit_test(queues_what_the_kernel_refuses),
	    cmocka_unit_test(reads_what_a_dead_side_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
