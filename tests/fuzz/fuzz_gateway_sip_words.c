/* Reason, Retry-After and the session timer's headers, whatever they hold. */
#include <assert.h>

#include "gateway/sip_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_of((const char *)data, size), text;
	struct port_msg m = port_msg(PORT_RESPONSE);
	struct buf b = BUF_INIT(1u << 20);
	enum refresher who;
	bool update = false;
	uint32_t seconds;
	int cause;

	if (size > 65536)
		return 0;
	m.f[PORT_F_HEADERS] = in;
	m.f[PORT_F_SESSION_EXPIRES] = in;
	m.f[PORT_F_MIN_SE] = in;
	assert(sip_retry_after(&m) <= 86400);
	sip_note_update(&m, &update);
	sip_session_expires(&m, &seconds, &who);
	assert(sip_min_se(&m) >= SIP_MIN_SE_S);
	cause = sip_reason_read(in, &text);
	assert(cause >= 0 && cause <= 699);
	sip_reason(&b, cause, text);
	assert(b.err == 0 && str_find(buf_str(&b), '\n') < 0);
	assert(sip_reason_read(buf_str(&b), &text) == cause);
	buf_done(&b);
	return 0;
}
