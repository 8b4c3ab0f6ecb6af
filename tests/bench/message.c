#include "tests/bench/message.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/daemon.h"

#define NUMBER_N MESSAGE_TID_N /* both are written as m and eleven digits */

static void make_body(struct message *m, const struct call *c)
{
	char *p = m->bytes + m->body;
	int n = snprintf(p, MESSAGE_BODY + 1,
			 "From: <sip:u%u@bench.example>\r\n"
			 "To: <sip:" BENCH_ROOM "%u@" BENCH_DOMAIN ">\r\n"
			 "DateTime: 2026-01-01T00:00:00Z\r\n"
			 "\r\n"
			 "Content-Type: text/plain;charset=utf-8\r\n"
			 "\r\n",
			 c->user, c->room);

	m->number = (size_t)n;
	memset(p + n, 'x', MESSAGE_BODY - (size_t)n);
	for (size_t i = (size_t)n + NUMBER_N; i < MESSAGE_BODY; i += 8)
		p[i] = ' ';
}

void message_init(struct message *m, const struct call *c)
{
	char *p = m->bytes;
	int n = snprintf(p, sizeof(m->bytes),
			 "MSRP m00000000000 SEND\r\n"
			 "To-Path: %s\r\n"
			 "From-Path: %s\r\n"
			 "Message-ID: m00000000000\r\n"
			 "Byte-Range: 1-%d/%d\r\n"
			 "Content-Type: message/cpim\r\n\r\n",
			 c->path, c->own_path, MESSAGE_BODY, MESSAGE_BODY);

	assert(n > 0 && (size_t)n + MESSAGE_BODY + 64 < sizeof(m->bytes));
	m->body = (size_t)n;
	m->tid[0] = 5;
	m->id = (size_t)(strstr(p, "Message-ID: ") - p) + 12;
	make_body(m, c);
	m->tid[1] = m->body + MESSAGE_BODY + 9;
	n = snprintf(p + m->body + MESSAGE_BODY, 64,
		     "\r\n-------m00000000000$\r\n");
	m->n = m->body + MESSAGE_BODY + (size_t)n;
}

void message_number(struct message *m, uint64_t number)
{
	char text[NUMBER_N + 1];

	snprintf(text, sizeof(text), "m%011ju", (uintmax_t)number);
	memcpy(m->bytes + m->tid[0], text, NUMBER_N);
	memcpy(m->bytes + m->tid[1], text, NUMBER_N);
	memcpy(m->bytes + m->id, text, NUMBER_N);
	memcpy(m->bytes + m->body + m->number, text, NUMBER_N);
}

uint64_t message_match(const struct message *m, struct str body)
{
	const char *ours = m->bytes + m->body;
	size_t after = m->number + NUMBER_N;
	uint64_t number;

	if (body.n != MESSAGE_BODY || memcmp(body.p, ours, m->number) != 0 ||
	    memcmp(body.p + after, ours + after, body.n - after) != 0 ||
	    str_u64(str_of(body.p + m->number + 1, NUMBER_N - 1), UINT64_MAX,
		    &number) < 0)
		return 0;
	return number;
}
