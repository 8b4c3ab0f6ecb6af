#include "sip/child_priv.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define STOP_MS 4000 /* the process allows itself 2 s */

/* Dialogs of an earlier run. Their ids must not come again, however fast that
 * run has used generations up or the clock was set back. */
static void take_seeds(struct sip_child *c, const struct sip_child_cfg *cfg)
{
	uint32_t highest;

	if (c->ops->keep)
		c->keeper.store =
		    (struct keeper_store){c->ops->keep, c->ops->drop, c->user};
	for (size_t i = 0; i < cfg->n_seeds; i++)
		if (keeper_add(&c->keeper, cfg->seeds[i]) < 0)
			log_warn(c->log, "sip.seed", "why=unreadable");
	highest = keeper_generation(&c->keeper);
	if (highest > c->generation)
		c->generation = highest;
}

static void take(char **to, const char *from)
{
	free(*to);
	*to = str_dup(str_z(from));
}

static void take_tls(struct sip_child *c, const struct sip_tls *tls)
{
	take(&c->certificate, tls->certificate);
	take(&c->key, tls->key);
	take(&c->ca, tls->ca);
	c->verify = tls->verify;
}

struct sip_child *sip_child_new(const struct sip_child_cfg *cfg)
{
	uint32_t salt = (uint32_t)(loop_wall_ms(cfg->loop) / 1000);
	struct sip_child *c;

	if (access(cfg->program, X_OK) < 0)
		return NULL;
	c = mem_new(sizeof(*c));
	c->loop = cfg->loop;
	c->log = loop_log(cfg->loop);
	c->program = str_dup(str_z(cfg->program));
	c->listen = str_dup(str_z(cfg->listen));
	c->host = str_dup(str_z(cfg->host));
	c->agent = str_dup(str_z(cfg->agent));
	take_tls(c, &cfg->tls);
	c->log_level = cfg->log_level;
	c->max_dialogs = cfg->max_dialogs;
	c->ops = cfg->ops;
	c->user = cfg->user;
	c->end.fd = -1;
	/* Ids of an earlier run of the daemon never come again: a generation
	 * starts at the second of its birth (31 bits, bit 63 is the core's). */
	c->generation = salt & 0x7fffffff;
	keeper_init(&c->keeper, c->loop);
	take_seeds(c, cfg);
	int r = child_launch(c);
	if (r < 0) {
		sip_child_free(c);
		errno = -r;
		return NULL;
	}
	return c;
}

static void stop_late(void *user)
{
	struct sip_child *c = user;

	log_warn(c->log, "sip.stop", "pid=%d slow to stop, killed", c->pid);
	kill(c->pid, SIGKILL); /* and its end is seen as any other */
	if (c->end.fd >= 0)
		child_lost(c, "slow to stop");
}

/* It had its time to finish what was open. */
static void renew_late(void *user)
{
	struct sip_child *c = user;

	if (c->end.fd >= 0)
		child_lost(c, "slow to stop");
}

int sip_child_reload_tls(struct sip_child *c, const struct sip_tls *tls,
			 char why[256])
{
	struct port_msg m = port_msg(PORT_STOP);

	if (!strstr(c->listen, "tls:"))
		return 0;
	if (sip_tls_check(tls, why) < 0)
		return -EINVAL;
	take_tls(c, tls);
	/* one that is not up yet, or gone, is followed by the next anyway */
	if (c->stopping || c->renewing || !c->up ||
	    sip_tls_sum(tls) == c->tls_sum)
		return 0;
	log_info(c->log, "sip.restart",
		 "pid=%d dialogs=%zu why=\"new files of TLS\"", c->pid,
		 keeper_dialogs(&c->keeper));
	c->renewing = true;
	c->backoff_ms = 0;
	child_put(c, &m);
	timer_set(c->loop, &c->timer, STOP_MS, renew_late, c);
	return 0;
}

void sip_child_stop(struct sip_child *c, void (*done)(void *user), void *user)
{
	struct port_msg m = port_msg(PORT_STOP);

	if (c->stopping)
		return;
	c->stopping = true;
	c->done = done;
	c->done_user = user;
	if (c->end.fd < 0 || !done) {
		timer_cancel(c->loop, &c->reap);
		child_kill(c);
		child_stopped_soon(c);
		return;
	}
	child_put(c, &m);
	timer_set(c->loop, &c->timer, STOP_MS, stop_late, c);
}

void sip_child_keep_none(struct sip_child *c)
{
	keeper_clear_store(&c->keeper);
}

void sip_child_free(struct sip_child *c)
{
	if (!c)
		return;
	timer_cancel(c->loop, &c->timer);
	timer_cancel(c->loop, &c->reap);
	child_kill(c);
	keeper_done(&c->keeper);
	free(c->program);
	free(c->listen);
	free(c->host);
	free(c->agent);
	free(c->certificate);
	free(c->key);
	free(c->ca);
	free(c->why);
	free(c);
}

void sip_child_send(struct sip_child *c, const struct port_msg *m)
{
	assert(m->type == PORT_ANSWER || m->type == PORT_SEND ||
	       m->type == PORT_DIAL || m->type == PORT_HANG_UP ||
	       m->type == PORT_FORGET);
	if (m->type == PORT_SEND || m->type == PORT_DIAL)
		keeper_send(&c->keeper, m);
	else if (m->type == PORT_FORGET)
		keeper_forget(&c->keeper, m->dlg);
	else if (m->type == PORT_ANSWER && m->req >> 32 != c->generation)
		return;
	if (c->up && m->shared)
		child_put_shared(c, m);
	else if (c->up)
		child_put(c, m);
}

void sip_child_adjust(struct sip_child *c, int log_level, uint32_t max_dialogs)
{
	struct port_msg m = port_msg(PORT_CONFIG);

	c->log_level = log_level;
	c->max_dialogs = max_dialogs;
	m.number[0] = c->generation;
	m.number[1] = max_dialogs;
	m.number[3] = (uint32_t)log_level;
	if (c->up)
		child_put(c, &m);
}

uint64_t sip_child_req(struct sip_child *c)
{
	return UINT64_C(1) << 63 | (uint64_t)c->generation << 32 |
	       ++c->last_req;
}

int sip_child_pid(const struct sip_child *c)
{
	return c->pid;
}

bool sip_child_settled(const struct sip_child *c)
{
	return c->up && !c->renewing;
}

const char *sip_child_listen(const struct sip_child *c)
{
	return c->listen;
}

struct sip_child_stats sip_child_stats(const struct sip_child *c)
{
	return (struct sip_child_stats){
	    .restarts = c->restarts,
	    .dialogs = keeper_dialogs(&c->keeper),
	    .tombstones = keeper_tombstones(&c->keeper),
	    .resent = c->resent,
	};
}
