#include "base/mailbox.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"

/* A ring of values: taken <= worked <= sent <= taken + max. The worker moves
 * worked, the loop's thread the others; taken is nobody else's business. */
struct mailbox {
	struct mailbox_cfg cfg;
	void **ring;
	size_t taken;
	int wake_fd; /* the worker tells the loop */
	struct event *wake;
	pthread_t thread;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t to_worker, to_loop;
	size_t sent, worked;
	bool closing;
};

static void work_one(struct mailbox *m)
{
	void *value = m->ring[m->worked % m->cfg.max];
	uint64_t one = 1;
	ssize_t n;

	pthread_mutex_unlock(&m->lock);
	m->cfg.work(m->cfg.user, value);
	pthread_mutex_lock(&m->lock);
	m->worked++;
	pthread_cond_signal(&m->to_loop);
	n = write(m->wake_fd, &one, sizeof(one));
	assert(n == sizeof(one)); /* it would count to 2^64 - 1 */
}

static void *work(void *user)
{
	struct mailbox *m = user;

	pthread_mutex_lock(&m->lock);
	while (!m->closing || m->worked < m->sent) {
		if (m->worked < m->sent)
			work_one(m);
		else
			pthread_cond_wait(&m->to_worker, &m->lock);
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

/* Gives back what is done. */
static void take(struct mailbox *m)
{
	size_t worked;

	pthread_mutex_lock(&m->lock);
	worked = m->worked;
	pthread_mutex_unlock(&m->lock);
	while (m->taken < worked) {
		void *value = m->ring[m->taken % m->cfg.max];

		m->taken++;
		m->cfg.done(m->cfg.user, value);
	}
}

static void on_wake(evutil_socket_t fd, short what, void *user)
{
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) == sizeof(n))
		take(user);
}

/* Signals are the loop's, so the thread is born with all of them blocked. */
static int start(struct mailbox *m)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&m->thread, NULL, work, m);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err == 0)
		pthread_setname_np(m->thread, m->cfg.name);
	return -err;
}

static void destroy(struct mailbox *m)
{
	if (m->wake)
		event_free(m->wake);
	if (m->wake_fd >= 0)
		close(m->wake_fd);
	pthread_cond_destroy(&m->to_loop);
	pthread_cond_destroy(&m->to_worker);
	pthread_mutex_destroy(&m->lock);
	free(m->ring);
	free(m);
}

int mailbox_new(const struct mailbox_cfg *cfg, struct mailbox **out)
{
	struct mailbox *m = mem_new(sizeof(*m));
	int err;

	assert(cfg->max > 0);
	m->cfg = *cfg;
	m->ring = mem_new_array(cfg->max, sizeof(*m->ring));
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->to_worker, NULL);
	pthread_cond_init(&m->to_loop, NULL);
	m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->wake_fd < 0) {
		err = -errno;
		goto fail;
	}
	m->wake = event_new(loop_base(cfg->loop), m->wake_fd,
			    EV_READ | EV_PERSIST, on_wake, m);
	if (!m->wake)
		abort();
	event_add(m->wake, NULL);
	err = start(m);
	if (err < 0)
		goto fail;
	*out = m;
	return 0;
fail:
	destroy(m);
	return err;
}

int mailbox_send(struct mailbox *m, void *value)
{
	if (mailbox_count(m) == m->cfg.max)
		return ERR_FULL;
	pthread_mutex_lock(&m->lock);
	m->ring[m->sent % m->cfg.max] = value;
	m->sent++;
	pthread_cond_signal(&m->to_worker);
	pthread_mutex_unlock(&m->lock);
	return 0;
}

size_t mailbox_count(const struct mailbox *m)
{
	/* only this thread changes them */
	return m->sent - m->taken;
}

void mailbox_wait(struct mailbox *m)
{
	pthread_mutex_lock(&m->lock);
	while (m->worked < m->sent)
		pthread_cond_wait(&m->to_loop, &m->lock);
	pthread_mutex_unlock(&m->lock);
	take(m);
}

void mailbox_free(struct mailbox *m)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->closing = true;
	pthread_cond_signal(&m->to_worker);
	pthread_mutex_unlock(&m->lock);
	pthread_join(m->thread, NULL);
	take(m);
	destroy(m);
}
