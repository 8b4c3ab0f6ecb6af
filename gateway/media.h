/* m-lines and the MSRP sessions behind them, for both sides of the bridge. */
#pragma once

#include "msrp/msrp.h"
#include "sip/sdp.h"

/* What the direction allows its side. */
bool media_sends(const struct sdp_media *m);
bool media_receives(const struct sdp_media *m);
/* The host for c= and m=: without the brackets of an IPv6 address. */
struct str media_host(const struct msrp_uri *u);
/* Our side of an m-line for the session of this URI of ours, which it borrows:
 * address, path and fingerprints; what it takes is the caller's to say. */
struct sdp_local media_local(struct msrp *msrp, struct str uri);
/* msrp_session_new() with the line's path and fingerprints; m NULL: its peer is
 * not known yet. */
int media_session_new(struct msrp *msrp, const struct msrp_session_cfg *cfg,
		      const struct sdp_media *m, struct msrp_session **out);
/* msrp_session_set_path() likewise. */
int media_session_set_peer(struct msrp_session *s, const struct sdp_media *m);
