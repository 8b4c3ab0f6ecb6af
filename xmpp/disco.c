#include "xmpp/disco.h"

#include "base/xmltext.h"
#include "xmpp/form.h"
#include "xmpp/moderated.h"

static void begin_info(struct buf *b, const char *category, const char *type,
		       struct str name)
{
	buf_addz(b, "<query xmlns='" NS_DISCO_INFO "'><identity");
	x_put_attr(b, "category", str_z(category));
	x_put_attr(b, "type", str_z(type));
	x_put_attr(b, "name", name);
	buf_addz(b, "/>");
}

static void feature(struct buf *b, const char *var)
{
	buf_addz(b, "<feature var='");
	buf_addz(b, var);
	buf_addz(b, "'/>");
}

static void end_info(struct buf *b)
{
	buf_addz(b, "</query>");
}

void disco_service_info(struct buf *b, struct str service_name)
{
	begin_info(b, "conference", "text", service_name);
	feature(b, NS_DISCO_INFO);
	feature(b, NS_DISCO_ITEMS);
	feature(b, NS_MUC);
	feature(b, NS_MUC "#stable_id");
	feature(b, "jid\\20escaping");
	feature(b, NS_PING);
	feature(b, NS_OCCUPANT);
	end_info(b);
}

/* XEP-0045 §6.4, the extended information. */
static void room_form(struct buf *b, const struct disco_room *r)
{
	form_begin(b, "result", NS_MUC "#roominfo");
	if (r->description.n)
		form_put(b, "muc#roominfo_description", NULL, NULL,
			 r->description);
	if (r->show_details) {
		form_put(b, "muc#roominfo_subject", NULL, NULL, r->subject);
		form_put_number(b, "muc#roominfo_occupants", NULL, NULL,
				r->n_occupants);
	}
	if (r->n_contacts) {
		form_field_open(b, "muc#roominfo_contactjid", NULL, NULL);
		for (size_t i = 0; i < r->n_contacts; i++)
			form_put_value(b, r->contacts[i]);
		form_field_close(b);
	}
	if (r->lang.n)
		form_put(b, "muc#roominfo_lang", NULL, NULL, r->lang);
	form_put_number(b, "muc#maxhistoryfetch", NULL, NULL, r->max_history);
	form_put(b, "muc#roomconfig_changesubject", NULL, NULL,
		 r->occupants_change_subject ? STR("1") : STR("0"));
	form_end(b);
}

void disco_room_info(struct buf *b, const struct disco_room *r)
{
	begin_info(b, "conference", "text", r->name);
	feature(b, NS_DISCO_INFO);
	feature(b, NS_DISCO_ITEMS);
	feature(b, NS_PING);
	feature(b, NS_MUC);
	feature(b, NS_MUC "#stable_id");
	feature(b, NS_MUC "#self-ping-optimization");
	feature(b, NS_SID);
	feature(b, NS_OCCUPANT);
	if (!r->elsewhere) {
		feature(b, NS_REGISTER);
		feature(b, NS_MODERATE);
	}
	if (r->archive) {
		feature(b, NS_MAM);
		feature(b, NS_MAM "#extended");
		feature(b, NS_RETRACT "#tombstone");
	}
	feature(b, r->public ? "muc_public" : "muc_hidden");
	feature(b, r->persistent ? "muc_persistent" : "muc_temporary");
	feature(b, r->members_only ? "muc_membersonly" : "muc_open");
	feature(b, r->moderated ? "muc_moderated" : "muc_unmoderated");
	feature(b, r->anonymous ? "muc_semianonymous" : "muc_nonanonymous");
	feature(b, r->password ? "muc_passwordprotected" : "muc_unsecured");
	room_form(b, r);
	end_info(b);
}

void disco_reserved_nick(struct buf *b, struct str nick)
{
	buf_addz(b, "<query xmlns='" NS_DISCO_INFO "' node='x-roomuser-item'>");
	if (nick.n) {
		buf_addz(b, "<identity category='conference' type='text'");
		x_put_attr(b, "name", nick);
		buf_addz(b, "/>");
	}
	end_info(b);
}

void disco_sip_user_info(struct buf *b)
{
	begin_info(b, "client", "phone", STR_NONE);
	feature(b, NS_DISCO_INFO);
	feature(b, NS_PING);
	end_info(b);
}

void disco_items_begin(struct buf *b, struct str node)
{
	buf_addz(b, "<query xmlns='" NS_DISCO_ITEMS "'");
	x_put_attr(b, "node", node);
	buf_addc(b, '>');
}

void disco_item(struct buf *b, struct str jid, struct str name)
{
	buf_addz(b, "<item");
	x_put_attr(b, "jid", jid);
	x_put_attr(b, "name", name);
	buf_addz(b, "/>");
}

void disco_items_set(struct buf *b, struct str first, size_t index,
		     struct str last, size_t count)
{
	buf_addz(b, "<set xmlns='" NS_RSM "'>");
	if (first.n) {
		buf_addz(b, "<first index='");
		buf_addu(b, index);
		buf_addz(b, "'>");
		xml_add_text(b, first);
		buf_addz(b, "</first>");
		x_put_text(b, "last", last);
	}
	buf_addz(b, "<count>");
	buf_addu(b, count);
	buf_addz(b, "</count></set>");
}

void disco_items_end(struct buf *b)
{
	buf_addz(b, "</query>");
}
