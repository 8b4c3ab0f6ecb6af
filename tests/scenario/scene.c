/* The core of a scene, its clock, its folder and its restart. */
#include "scene_priv.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/files.h"
#include "gateway/store.h"

bool has(struct str text, const char *what)
{
	return str_search(text, str_z(what)) >= 0;
}

/* --- the core and its clock --- */

static uint64_t mono_ms(void *user)
{
	return ((struct scene *)user)->mono;
}

static uint64_t wall_ms(void *user)
{
	return ((struct scene *)user)->wall;
}

static uint64_t sip_id(void *user)
{
	return ++((struct scene *)user)->ids;
}

static struct scene_kept *find_kept(struct scene *s, enum kept_kind kind,
				    struct str key)
{
	struct scene_kept *k;

	TAILQ_FOREACH (k, &s->kept, link)
		if (k->kind == kind && str_eq(key, str_z(k->key)))
			return k;
	return NULL;
}

static void kept_free(struct scene *s, struct scene_kept *k)
{
	TAILQ_REMOVE(&s->kept, k, link);
	blob_unref(k->value);
	free(k->key);
	free(k);
}

static void keep_value(void *user, enum kept_kind kind, struct str key,
		       struct str value)
{
	struct scene *s = user;
	struct scene_kept *k = find_kept(s, kind, key);

	s->n_kept_writes++;
	if (!k) {
		k = mem_new(sizeof(*k));
		k->kind = kind;
		k->key = str_dup(key);
		TAILQ_INSERT_TAIL(&s->kept, k, link);
	}
	blob_unref(k->value);
	k->value = blob_new(value);
}

static void drop_value(void *user, enum kept_kind kind, struct str key)
{
	struct scene *s = user;
	struct scene_kept *k = find_kept(s, kind, key);

	if (k)
		kept_free(s, k);
}

static void make_core(struct scene *s)
{
	struct core_io io = {.sip_send = scene_sip_captured,
			     .sip_request_id = sip_id,
			     .xmpp_send = scene_xmpp_captured,
			     .user = s,
			     .users = s->users,
			     .keep = {keep_value, drop_value, s}};
	char why[256];

	assert_int_equal(store_open(s->state_dir, s->loop, &s->store, why), 0);
	io.store = s->store;
	if (*s->config->files.listen) {
		s->config->state_dir = s->state_dir;
		assert_int_equal(files_open(s->loop, s->config, &s->files, why),
				 0);
		io.files = s->files;
	}
	assert_int_equal(core_init(&s->core, s->loop, s->config, &io, why), 0);
}

static struct config *load(struct scene *s, const char *text)
{
	char name[] = "/tmp/stox-scene-XXXXXX";
	int fd = mkstemp(name);
	struct config *c = NULL;
	FILE *f = fdopen(fd, "w");
	char server[ADDR_TEXT_MAX];

	assert_non_null(f);
	fputs("msrp { listen = {\"tcp:127.0.0.1:0\"} }\n", f);
	fputs("sip { trust = {\"127.0.0.0/8\"} }\n", f);
	fprintf(f, "dns { servers = {\"%s\"} }\n",
		addr_text(&s->dns->addr, server));
	fputs(text, f);
	fclose(f);
	assert_int_equal(config_load(name, &c), 0);
	unlink(name);
	return c;
}

static struct scene *start_scene(const char *config, const char *state_dir)
{
	struct scene *s = mem_new(sizeof(*s));

	snprintf(s->state_dir, sizeof(s->state_dir), "%s", state_dir);
	s->mono = 1000000;
	s->wall = SCENE_START_WALL;
	s->clock = (struct clock){mono_ms, wall_ms, s};
	log_init(&s->log, LOG_ERROR, "scene");
	s->loop = loop_new(&s->log, &s->clock);
	s->dns = dns_server_new(s->loop);
	s->dns->knows_all = true;
	s->config = load(s, config);
	s->users = users_new(NULL, config_realm(s->config));
	TAILQ_INIT(&s->sip);
	TAILQ_INIT(&s->xmpp);
	s->arena = arena_new(1u << 26);
	TAILQ_INIT(&s->kept);
	make_core(s);
	return s;
}

void scene_reload(struct scene *s, const char *config)
{
	struct config *fresh = load(s, config), old = *s->config;

	*s->config = *fresh;
	*fresh = old;
	core_reconfigure(&s->core);
	loop_settle(s->loop);
	config_free(fresh);
}

struct scene *scene_new(const char *config)
{
	return start_scene(config, "");
}

struct scene *scene_new_local(const char *more)
{
	char config[1024];

	snprintf(config, sizeof(config),
		 "domain \"chat.test\" { secret = \"x\" rooms = local "
		 "lock = no notify-interval = 0 %s }\n",
		 more);
	return scene_new(config);
}

struct scene *scene_new_stored(const char *config)
{
	char dir[] = "/tmp/stox-scene.XXXXXX";

	assert_non_null(mkdtemp(dir));
	return start_scene(config, dir);
}

static void remove_files(const struct scene *s)
{
	char path[512];
	const struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%s/files", s->state_dir);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/files/%s", s->state_dir,
			 e->d_name);
		if (*e->d_name != '.')
			assert_int_equal(unlink(path), 0);
	}
	if (d)
		closedir(d);
	snprintf(path, sizeof(path), "%s/files", s->state_dir);
	rmdir(path);
}

static void remove_state(const struct scene *s)
{
	static const char *const files[] = {STORE_FILE, "stoxd.lock"};
	char path[128];

	if (!*s->state_dir)
		return;
	remove_files(s);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->state_dir, files[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(s->state_dir), 0);
}

static void drop(struct scene *s)
{
	scene_outs_drop(&s->sip);
	scene_outs_drop(&s->xmpp);
}

void scene_free(struct scene *s)
{
	core_done(&s->core);
	files_close(s->files);
	loop_settle(s->loop);
	store_close(s->store);
	remove_state(s);
	drop(s);
	while (!TAILQ_EMPTY(&s->kept))
		kept_free(s, TAILQ_FIRST(&s->kept));
	dns_server_free(s->dns);
	loop_free(s->loop);
	users_free(s->users);
	config_free(s->config);
	arena_free(s->arena);
	free(s);
}

int scene_teardown(void **state)
{
	scene_free(*state);
	return 0;
}

void scene_settle_files(struct scene *s)
{
	loop_settle(s->loop);
	files_settle(s->files); /* what is told asks for more */
	loop_settle(s->loop);
}

void scene_run(struct scene *s, uint64_t ms)
{
	uint64_t end = s->mono + ms, next;

	loop_settle(s->loop);
	while ((next = loop_next_timer(s->loop)) <= end) {
		if (next > s->mono) {
			s->wall += next - s->mono;
			s->mono = next;
		}
		loop_settle(s->loop);
	}
	s->wall += end - s->mono;
	s->mono = end;
	loop_settle(s->loop);
}

/* --- a restart of the whole daemon --- */

void scene_kill(struct scene *s)
{
	core_done(&s->core);
	files_close(s->files);
	s->files = NULL;
	loop_settle(s->loop);
	store_close(s->store);
	s->store = NULL;
	drop(s);
}

static void restore_kind(struct scene *s, enum kept_kind kind)
{
	struct scene_kept *k, *next;

	for (k = TAILQ_FIRST(&s->kept); k; k = next) {
		next = TAILQ_NEXT(k, link);
		if (k->kind == kind)
			core_restore(&s->core, kind, str_z(k->key),
				     blob_str(k->value));
	}
}

void scene_start(struct scene *s, const uint64_t *dlg, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct port_msg m = port_msg(PORT_DIALOG);
		struct buf b = BUF_INIT(PORT_BODY_MAX);
		char z[KEPT_ID_CHARS + 1];

		m.dlg = dlg[i];
		port_encode(&b, &m);
		keep_value(s, KEPT_DIALOG, kept_dialog_key(z, dlg[i]),
			   buf_str(&b));
		buf_done(&b);
	}
	make_core(s);
	for (enum kept_kind kind = KEPT_DIALOG; kind < KEPT_KINDS; kind++)
		restore_kind(s, kind);
	core_restored(&s->core);
	loop_settle(s->loop);
}

size_t scene_kept_count(struct scene *s, enum kept_kind kind)
{
	struct scene_kept *k;
	size_t n = 0;

	TAILQ_FOREACH (k, &s->kept, link)
		n += k->kind == kind;
	return n;
}
