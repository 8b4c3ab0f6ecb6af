/* What the administrator reaches: the control socket and the metrics; and the
 * configuration, read again. */
#include "gateway/service_priv.h"

#include "base/err.h"
#include "base/log.h"

static void read_vitals(void *user, struct vitals *v)
{
	const struct service *s = user;

	vitals_read(v, &s->core, s->sip, s->links, &s->pulse);
	store_stats(s->store, &v->store);
	v->files = files_stats(s->files);
}

static int on_reload(void *user, struct buf *said)
{
	return service_reload(user, said);
}

static bool on_settled(void *user)
{
	const struct service *s = user;

	return !s->sip || sip_child_settled(s->sip);
}

/* An ordinary user who tries stoxd out may have no right to the default place,
 * and then does without. Another place was asked for. */
static bool may_do_without(const char *path, int err)
{
	return strcmp(path, CONFIG_CONTROL) == 0 &&
	       (err == -EACCES || err == -EPERM || err == -EROFS);
}

static int open_admin(struct service *s, char why[256])
{
	const char *path = s->config->control;
	int err;

	if (!*path)
		return 0;
	err = admin_new(&(struct admin_cfg){.loop = s->loop,
					    .core = &s->core,
					    .users = s->users,
					    .path = path,
					    .vitals = read_vitals,
					    .reload = on_reload,
					    .settled = on_settled,
					    .user = s},
			&s->admin, why);
	if (err == 0)
		log_info(&s->log, "admin.listen", "path=%s", LOGQ(str_z(path)));
	if (err == 0 || !may_do_without(path, err))
		return err;
	log_warn(&s->log, "admin.off", "why=%s", LOGQ(str_z(why)));
	return 0;
}

int service_control_open(struct service *s, char why[256])
{
	int err = 0;

	pulse_start(&s->pulse, s->loop);
	if (*s->config->metrics)
		err = metrics_new(s->loop, s->config->metrics, read_vitals, s,
				  &s->metrics, why);
	return err < 0 ? err : open_admin(s, why);
}

void service_control_close(struct service *s)
{
	admin_free(s->admin);
	metrics_free(s->metrics);
	pulse_stop(&s->pulse);
}

/* What may be refused, before anything changes: 0 and the file's content. */
static int read_again(struct service *s, struct config **fresh,
		      struct buf *said)
{
	char why[256];
	struct msrp_tls msrp;
	struct sip_tls sip;
	int err = live_config_read(&s->live, fresh, said);

	if (err < 0)
		return err;
	msrp = core_tls(*fresh);
	sip = core_sip_tls(*fresh);
	err = msrp_reload_tls(s->core.msrp, &msrp, why);
	if (err == 0 && s->sip)
		err = sip_child_reload_tls(s->sip, &sip, why);
	if (err < 0) {
		buf_addz(said, why);
		config_free(*fresh);
	}
	return err;
}

int service_reload(struct service *s, struct buf *said)
{
	struct config *fresh;
	struct str rest;
	int err;

	if (s->stopping) {
		buf_addz(said, "stoxd is ending");
		return ERR_STATE;
	}
	err = read_again(s, &fresh, said);
	if (err < 0) {
		log_error(&s->log, "reload.refused", "why=%s",
			  LOGQ(buf_str(said)));
		return err;
	}
	live_config_take(&s->live, s->loop, fresh, said);
	s->log.level = s->config->log_level;
	if (s->sip)
		sip_child_adjust(s->sip, (int)s->config->log_level,
				 service_max_dialogs(s->config));
	store_limit(s->store, s->config->limits.store_queue);
	core_reconfigure(&s->core);
	if (s->ready)
		links_update(s->links);
	for (rest = buf_str(said); rest.n;)
		log_warn(&s->log, "reload.note", "what=%s",
			 LOGQ(str_split(&rest, '\n')));
	log_info(&s->log, "reload", "file=%s", LOGQ(str_z(s->config->file)));
	return 0;
}
