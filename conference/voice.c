/* Asking for a voice in a moderated room (XEP-0045 §7.13). */
#include "conference/command_priv.h"
#include "conference/room_priv.h"

#define ASK_AGAIN_MS 10000

enum reason_code room_ask_voice(struct room *r, struct seat_rec *rec)
{
	struct seat_ev ev = {.type = SEAT_VOICE_ASKED, .who = &rec->occ->pub};
	uint64_t now_ms = loop_now_ms(r->loop);
	struct seat_rec *other;

	if (rec->occ->pub.role != ROLE_VISITOR)
		return REASON_BAD_REQUEST;
	if (rec->occ->asked_ms && now_ms < rec->occ->asked_ms + ASK_AGAIN_MS)
		return REASON_OVERLOAD;
	rec->occ->asked_ms = now_ms;
	TAILQ_FOREACH (other, &r->recs, link)
		if (other->occ && other->occ->pub.role == ROLE_MODERATOR)
			room_tell_one(r, other, &ev, 0);
	return REASON_OK;
}
