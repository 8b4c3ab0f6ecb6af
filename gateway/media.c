#include "gateway/media.h"

#define FINGERPRINT_BYTES 4096

bool media_sends(const struct sdp_media *m)
{
	return m->direction == SDP_SENDRECV || m->direction == SDP_SENDONLY;
}

bool media_receives(const struct sdp_media *m)
{
	return m->direction == SDP_SENDRECV || m->direction == SDP_RECVONLY;
}

struct str media_host(const struct msrp_uri *u)
{
	if (u->host.n > 2 && u->host.p[0] == '[')
		return str_of(u->host.p + 1, u->host.n - 2);
	return u->host;
}

struct sdp_local media_local(struct msrp *msrp, struct str uri)
{
	struct msrp_uri u = {0};

	msrp_uri_parse(uri, &u);
	return (struct sdp_local){
	    .host = media_host(&u),
	    .port = u.port,
	    .path = uri,
	    .secure = u.secure,
	    .fingerprints = u.secure ? msrp_fingerprints(msrp) : STR_NONE,
	    .setup = SDP_SETUP_ACTPASS,
	};
}

/* One a line, as MSRP wants them. */
static void list_fingerprints(const struct sdp_media *m, struct buf *b)
{
	for (size_t i = 0; i < m->n_fingerprints; i++) {
		buf_add(b, m->fingerprint[i]);
		buf_addc(b, '\n');
	}
}

int media_session_new(struct msrp *msrp, const struct msrp_session_cfg *cfg,
		      const struct sdp_media *m, struct msrp_session **out)
{
	struct buf fingerprints = BUF_INIT(FINGERPRINT_BYTES);
	struct msrp_session_cfg whole = *cfg;
	int err;

	if (m) {
		list_fingerprints(m, &fingerprints);
		whole.peer_path = m->path;
		whole.peer_fingerprints = buf_str(&fingerprints);
	}
	err = msrp_session_new(msrp, &whole, out);
	buf_done(&fingerprints);
	return err;
}

int media_session_set_peer(struct msrp_session *s, const struct sdp_media *m)
{
	struct buf fingerprints = BUF_INIT(FINGERPRINT_BYTES);
	int err;

	list_fingerprints(m, &fingerprints);
	err = msrp_session_set_path(s, m->path, buf_str(&fingerprints));
	buf_done(&fingerprints);
	return err;
}
