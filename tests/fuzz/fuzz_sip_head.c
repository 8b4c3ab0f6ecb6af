/* Messages of any bytes on a stream, as the SIP process reads them: a whole
 * request has all that nta and the core build on, or is refused. The first
 * octet says after how many octets the stream is split, 0: never. */
#include <assert.h>
#include <string.h>

#include <sofia-sip/msg.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/sip_util.h>

#include "sip/sip_priv.h"

#define SIZE_MAX_READ 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(msg_t *msg)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	sip_t *sip = sip_object(msg);
	struct port_msg m = port_msg(PORT_REQUEST);
	struct refusal inside, outside;

	if (!sip->sip_request)
		return;
	assert(sip->sip_from && sip->sip_to && sip->sip_call_id);
	assert(sip->sip_cseq && sip->sip_via);
	assert(sip_sanity_check(sip) == 0);
	guard_check(&inside, sip, true);
	guard_check(&outside, sip, false);
	assert(!inside.status || strlen(inside.phrase) < 80);
	assert(!inside.status || outside.status);
	values_fill(home, sip, &m);
	su_home_deinit(home);
}

/* What comes at once; returns the message that is not complete. */
static msg_t *take(msg_t *msg, bool *lost)
{
	int r;

	while (msg && (r = msg_extract(msg)) != 0) {
		msg_t *next = r > 0 ? msg_next(msg) : NULL;
		*lost = r < 0;
		if (r > 0)
			look(msg);
		msg_destroy(msg);
		msg = next;
	}
	return msg;
}

static bool put(msg_t *msg, const uint8_t *data, size_t n)
{
	msg_iovec_t vec[8];
	issize_t pieces = msg_recv_iovec(msg, vec, 8, (usize_t)n, 0);

	for (issize_t i = 0; i < pieces && n; i++) {
		size_t take = vec[i].siv_len < n ? vec[i].siv_len : n;
		memcpy(vec[i].siv_base, data, take);
		msg_recv_commit(msg, (usize_t)take, 0);
		data += take;
		n -= take;
	}
	return n == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firstline f;
	msg_t *msg = NULL;
	bool lost = false;
	size_t step;

	if (size < 2 || !firstline_open(&f))
		return 0;
	step = data[0] ? data[0] : size;
	data++, size--;
	while (size && !lost) {
		size_t n = size < step ? size : step;
		if (!msg)
			msg = msg_create(f.messages, 0);
		msg_maxsize(msg, SIZE_MAX_READ);
		if (!put(msg, data, n))
			break;
		msg = take(msg, &lost);
		data += n;
		size -= n;
	}
	msg_destroy(msg);
	firstline_close(&f);
	return 0;
}
