/* A SIP user with SIP and MSRP who goes to a scripted MUC. */
#pragma once

#include "muc_peer.h"

#define GUEST_ROOM "sip:r@muc.test"
#define GUEST_ANN  "sip:r@muc.test;gr=Ann"
#define GUEST_CHAT "a=chatroom:nickname private-messages\r\n"

/* A SIP user and the end of his proxy. */
struct guest {
	struct sip_user sip;
	struct muc_user muc;
};

static inline void guest_calls(struct guest *g, struct scene *s)
{
	*g = (struct guest){.muc = {.s = s}};
	sip_user_init(&g->sip, s, "ro", GUEST_ROOM);
	sip_user_call(&g->sip, sip_user_offer(&g->sip, GUEST_CHAT));
}

static inline void guest_done(struct guest *g)
{
	sip_user_done(&g->sip);
}

/* What the room has to say, and the MSRP session. */
static inline void guest_let_in_as(struct guest *g, const char *role,
				   const char *statuses)
{
	struct scene *s = g->sip.s;

	scene_run(s, 10); /* its domain may have to be found */
	muc_answer_info(&g->muc, "");
	muc_take(&g->muc, MUC_ROOM "/ro");
	muc_present(&g->muc, "Ann", "moderator", "");
	assert_true(scene_sip_none(s, PORT_ANSWER, NULL));
	muc_present(&g->muc, "ro", role, statuses);
	assert_int_equal(sip_user_answer(&g->sip), 200);
	sip_user_ack(&g->sip);
	sip_user_bind(&g->sip);
}

static inline void guest_let_in(struct guest *g)
{
	guest_let_in_as(g, "participant", MUC_SELF);
}

static inline void guest_joins(struct guest *g, struct scene *s)
{
	guest_calls(g, s);
	guest_let_in(g);
}

static inline void guest_says_as(struct guest *g, const char *to,
				 const char *text, const char *more)
{
	msrp_send_cpim(
	    &g->sip, NULL, more,
	    arena_printf(g->sip.s->arena,
			 "From: <sip:ro@sip.test>\r\nTo: <%s>\r\n\r\n"
			 "Content-Type: text/plain\r\n\r\n%s",
			 to, text));
}

static inline void guest_says(struct guest *g, const char *to, const char *text)
{
	guest_says_as(g, to, text, "");
}
