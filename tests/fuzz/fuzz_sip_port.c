/* Whatever decodes, encodes to something that decodes to the same. */
#include <stdlib.h>

#include "sip/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct port_msg m, again;
	struct buf b = BUF_INIT(PORT_BODY_MAX);

	if (port_decode(str_of((const char *)data, n), &m) == 0) {
		port_encode(&b, &m);
		if (b.err || port_decode(buf_str(&b), &again) < 0)
			abort();
		if (m.type != again.type || m.dlg != again.dlg ||
		    m.req != again.req || m.status != again.status ||
		    m.cseq != again.cseq || m.expires != again.expires ||
		    m.new_dialog != again.new_dialog)
			abort();
		for (int i = 0; i < PORT_FIELDS; i++)
			if (!str_eq(m.f[i], again.f[i]))
				abort();
	}
	buf_done(&b);
	return 0;
}
