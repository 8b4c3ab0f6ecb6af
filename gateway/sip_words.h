/* What single SIP headers say, read and written. Pure. */
#pragma once

#include "base/buf.h"
#include "conference/model.h"
#include "sip/port.h"

/* The value of the first header of this name in lines of headers; empty: none.
 */
struct str sip_header(struct str lines, struct str name);
/* Has a comma-separated list this token (without case)? */
bool sip_list_has(struct str list, struct str token);

/* Does this NOTIFY end its subscription? */
bool sip_is_last(const struct port_msg *notify);
/* How long who was sent a REFER may tell nothing of what becomes of it: no call
 * rings longer (RFC 3261 §16.6, timer C), and who tells nothing at all would
 * keep it for ever. */
#define SIP_REFER_SILENCE_MS 300000
/* "SIP/2.0 486 Busy Here" (RFC 3420): the status; 0: it is none. */
int sip_fragment(struct str body, struct str *phrase);

/* "SIP;cause=486;text=\"Busy Here\"": the Reason header's value (RFC 3326). */
void sip_reason(struct buf *b, int status, struct str text);
/* And back: the cause, 0 if it is none of SIP's; *text may be empty. */
int sip_reason_read(struct str value, struct str *text);
/* How many hops a request may still make: Max-Forwards, 70 without one. */
unsigned sip_max_forwards(const struct port_msg *m);
/* Seconds of Retry-After; 0: there is none. */
unsigned sip_retry_after(const struct port_msg *m);
/* What a final response but 2xx means; of one that no peer has sent, why. */
enum reason_code sip_refusal(const struct port_msg *m);

/* --- session timers (RFC 4028) --- */

#define SIP_SESSION_S 1800 /* FOCUS-52 */
#define SIP_MIN_SE_S  90

enum refresher { REFRESHER_NONE, REFRESHER_UAC, REFRESHER_UAS };
/* "1800;refresher=uac"; what can't be read counts as absent. */
bool sip_session_expires(const struct port_msg *m, uint32_t *seconds,
			 enum refresher *who);
/* Min-SE, at least what we take. */
uint32_t sip_min_se(const struct port_msg *m);
bool sip_supports_timer(const struct port_msg *m);
/* The headers in which our request asks for a timer. */
void sip_put_timer_wish(struct buf *b, uint32_t seconds, enum refresher who,
			uint32_t min_se_s);
/* Those with which our 2xx grants one, to ourselves (UAS) or to the peer. */
void sip_put_timer(struct buf *b, uint32_t seconds, enum refresher who);
/* After how many milliseconds without a refresh the session counts as over. */
uint64_t sip_timer_ms(uint32_t seconds);
/* An Allow header says whether the peer takes UPDATE; without one *update
 * stays. */
void sip_note_update(const struct port_msg *m, bool *update);
