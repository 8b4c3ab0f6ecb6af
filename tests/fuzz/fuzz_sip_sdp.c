/* An offer of any bytes: what is written in answer can be read again and
 * refuses or takes the same lines in the same order. */
#include <assert.h>

#include "sip/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sdp_local local = {
	    .host = {"::1", 3},
	    .port = 2855,
	    .path = {"msrp://[::1]:2855/s;tcp", 23},
	    .accept_wrapped = {"*", 1},
	    .nickname = true,
	};
	struct buf b = BUF_INIT(2 * SDP_BYTES_MAX);
	struct buf name = BUF_INIT(SDP_BYTES_MAX);
	struct sdp_file file;
	struct sdp offer, answer;
	int chosen;

	if (sdp_parse(str_of((const char *)data, size), &offer) < 0)
		return 0;
	chosen = sdp_choose(&offer, true, true, true);
	sdp_write_answer(&b, &offer, chosen, &local);
	assert(b.err == 0);
	/* the answer may outgrow what we read, by our own lines */
	if (b.n <= SDP_BYTES_MAX) {
		assert(sdp_parse(buf_str(&b), &answer) == 0);
		assert(answer.n_media == offer.n_media);
		for (size_t i = 0; i < answer.n_media; i++)
			assert((answer.media[i].port != 0) ==
			       ((int)i == chosen));
		for (size_t i = 0; i < offer.n_media; i++) {
			sdp_read_file(&offer.media[i], &name, &file);
			assert(!name.err);
			sdp_takes(&offer.media[i], STR("text/plain;x=\"y\""));
		}
	}
	buf_done(&name);
	buf_done(&b);
	return 0;
}
