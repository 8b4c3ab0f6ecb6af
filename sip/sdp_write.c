/* Descriptions of our own. */
#include "sip/sdp.h"

static void line(struct buf *b, const char *start, struct str v)
{
	buf_addz(b, start);
	buf_add(b, v);
	buf_addz(b, "\r\n");
}

static const char *address_type(struct str host)
{
	return str_find(host, ':') >= 0 ? "IN IP6 " : "IN IP4 ";
}

static void write_session(struct buf *b, const struct sdp_local *l)
{
	buf_addz(b, "v=0\r\no=- ");
	buf_addu(b, l->session_id);
	buf_addc(b, ' ');
	buf_addu(b, l->version);
	buf_addc(b, ' ');
	line(b, address_type(l->host), l->host);
	buf_addz(b, "s=-\r\nc=");
	line(b, address_type(l->host), l->host);
	buf_addz(b, "t=0 0\r\n");
}

static const char *setup_name(enum sdp_setup s)
{
	switch (s) {
	case SDP_SETUP_ACTIVE:
		return "active";
	case SDP_SETUP_PASSIVE:
		return "passive";
	case SDP_SETUP_ACTPASS:
	case SDP_SETUP_NONE:
		break;
	}
	return "actpass";
}

static const char *direction_name(enum sdp_direction d)
{
	switch (d) {
	case SDP_SENDONLY:
		return "sendonly";
	case SDP_RECVONLY:
		return "recvonly";
	case SDP_INACTIVE:
		return "inactive";
	case SDP_SENDRECV:
		break;
	}
	return "sendrecv";
}

/* RFC 7701 §8: what we say of the room, whatever the peer said of himself
 * (SDP-15). */
static void write_chatroom(struct buf *b, const struct sdp_local *l)
{
	buf_addz(b, "a=chatroom");
	if (l->nickname || l->private_messages)
		buf_addc(b, ':');
	if (l->nickname)
		buf_addz(b, "nickname");
	if (l->nickname && l->private_messages)
		buf_addc(b, ' ');
	if (l->private_messages)
		buf_addz(b, "private-messages");
	buf_addz(b, "\r\n");
}

static void write_fingerprints(struct buf *b, struct str lines)
{
	while (lines.n)
		line(b, "a=fingerprint:", str_split(&lines, '\n'));
}

/* wrapped: in message/cpim; else a client of plain text. */
static void write_chat(struct buf *b, const struct sdp_local *l, bool wrapped,
		       enum sdp_setup setup)
{
	buf_addz(b, "m=message ");
	buf_addu(b, l->port);
	buf_addc(b, ' ');
	if (l->proto.n)
		buf_add(b, l->proto);
	else
		buf_addz(b, l->secure ? "TCP/TLS/MSRP" : "TCP/MSRP");
	buf_addz(b, " *\r\n");
	line(b, "a=accept-types:",
	     wrapped ? STR("message/cpim") : STR("text/plain"));
	if (wrapped && l->accept_wrapped.n)
		line(b, "a=accept-wrapped-types:", l->accept_wrapped);
	if (l->max_size) {
		buf_addz(b, "a=max-size:");
		buf_addu(b, l->max_size);
		buf_addz(b, "\r\n");
	}
	if (l->path.n)
		line(b, "a=path:", l->path);
	line(b, "a=setup:", str_z(setup_name(setup)));
	write_fingerprints(b, l->fingerprints);
	write_chatroom(b, l);
	if (l->cema)
		buf_addz(b, "a=msrp-cema\r\n");
	line(b, "a=", str_z(direction_name(l->direction)));
}

/* RFC 3264 §6: port 0; a refused file is named again (RFC 5547 §8.3). */
static void write_refused(struct buf *b, const struct sdp_media *m)
{
	buf_addz(b, "m=");
	buf_add(b, m->type);
	buf_addz(b, " 0 ");
	buf_add(b, m->proto);
	buf_addc(b, ' ');
	line(b, "", m->formats);
	if (m->file_selector.n == 0)
		return;
	line(b, "a=file-selector:", m->file_selector);
	if (m->file_transfer_id.n)
		line(b, "a=file-transfer-id:", m->file_transfer_id);
}

/* RFC 5547 §8.3: what is offered is named again, and received. */
static void write_file(struct buf *b, const struct sdp_media *m,
		       const struct sdp_file_line *f)
{
	buf_addz(b, "m=message ");
	buf_addu(b, f->port);
	buf_addc(b, ' ');
	buf_add(b, m->proto);
	buf_addz(b, " *\r\na=accept-types:*\r\n");
	if (f->max_size) {
		buf_addz(b, "a=max-size:");
		buf_addu(b, f->max_size);
		buf_addz(b, "\r\n");
	}
	line(b, "a=path:", f->path);
	line(b, "a=setup:", str_z(setup_name(f->setup)));
	write_fingerprints(b, f->fingerprints);
	line(b, "a=file-selector:", m->file_selector);
	if (m->file_transfer_id.n)
		line(b, "a=file-transfer-id:", m->file_transfer_id);
	if (m->file_range.n)
		line(b, "a=file-range:", m->file_range);
	buf_addz(b, "a=recvonly\r\n");
}

static const struct sdp_file_line *find_file(const struct sdp_local *l,
					     size_t line)
{
	for (size_t i = 0; i < l->n_files; i++)
		if (l->files[i].line == line)
			return &l->files[i];
	return NULL;
}

/* As many lines as before (RFC 3264 §8), of which one is the chat. */
static void write_lines(struct buf *b, const struct sdp *sdp, int chosen,
			const struct sdp_local *l, bool wrapped,
			enum sdp_setup setup)
{
	write_session(b, l);
	for (size_t i = 0; i < sdp->n_media; i++) {
		const struct sdp_file_line *f = find_file(l, i);

		if ((int)i == chosen)
			write_chat(b, l, wrapped, setup);
		else if (f)
			write_file(b, &sdp->media[i], f);
		else
			write_refused(b, &sdp->media[i]);
	}
}

void sdp_write_answer(struct buf *b, const struct sdp *offer, int chosen,
		      const struct sdp_local *l)
{
	enum sdp_setup setup = l->setup;

	/* actpass is no answer */
	if (chosen >= 0 &&
	    (setup == SDP_SETUP_NONE || setup == SDP_SETUP_ACTPASS))
		setup = sdp_answer_setup(offer->media[chosen].setup);
	write_lines(b, offer, chosen, l,
		    chosen >= 0 && sdp_takes_cpim(&offer->media[chosen]),
		    setup);
}

void sdp_write_offer(struct buf *b, const struct sdp_local *l)
{
	write_session(b, l);
	write_chat(b, l, true, l->setup);
}

void sdp_write_reoffer(struct buf *b, const struct sdp *last, int chosen,
		       const struct sdp_local *l)
{
	write_lines(b, last, chosen, l, !l->plain_text, l->setup);
}
