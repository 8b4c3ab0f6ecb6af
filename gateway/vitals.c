#include "gateway/vitals.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define PULSE_MS 1000

static void beat(void *user)
{
	struct pulse *p = user;
	uint64_t now = loop_now_ms(p->loop);

	p->lag_ms = now > p->due_ms ? now - p->due_ms : 0;
	if (p->lag_ms > p->lag_worst_ms)
		p->lag_worst_ms = p->lag_ms;
	p->due_ms = now + PULSE_MS;
	timer_set(p->loop, &p->timer, PULSE_MS, beat, p);
}

void pulse_start(struct pulse *p, struct loop *loop)
{
	p->loop = loop;
	p->started_ms = loop_wall_ms(loop);
	p->due_ms = loop_now_ms(loop) + PULSE_MS;
	timer_set(loop, &p->timer, PULSE_MS, beat, p);
}

void pulse_stop(struct pulse *p)
{
	if (p->loop)
		timer_cancel(p->loop, &p->timer);
}

/* proc(5): fields 14, 15 and 24 of stat, behind the program's name, which may
 * hold anything. */
static void read_process(int pid, struct process_vitals *out)
{
	char path[64], line[1024];
	unsigned long user, system;
	const char *rest;
	long pages;
	size_t n;
	FILE *f;

	*out = (struct process_vitals){0};
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = pid ? fopen(path, "r") : NULL;
	if (!f)
		return;
	n = fread(line, 1, sizeof(line) - 1, f);
	fclose(f);
	line[n] = '\0';
	rest = strrchr(line, ')');
	if (!rest ||
	    sscanf(rest + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu"
		   " %*d %*d %*d %*d %*d %*d %*u %*u %ld",
		   &user, &system, &pages) != 3)
		return;
	out->pid = pid;
	out->user_s = (double)user / (double)sysconf(_SC_CLK_TCK);
	out->system_s = (double)system / (double)sysconf(_SC_CLK_TCK);
	out->rss_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static size_t count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *e;
	size_t n = 0;

	if (!d)
		return 0;
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n ? n - 1 : 0; /* less the folder itself */
}

static void count_occupants(struct vitals *v, struct rooms *rooms)
{
	const struct room *r;

	for (size_t it = 0; (r = rooms_next(rooms, &it));) {
		const struct occupant *o;

		for (size_t place = 0; (o = room_roster(r, &place));)
			v->occupants[o->world]++;
	}
}

void vitals_read(struct vitals *v, const struct core *core,
		 const struct sip_child *sip, const struct links *links,
		 const struct pulse *pulse)
{
	struct rlimit limit = {0};

	*v = (struct vitals){
	    .rooms = rooms_count(core->rooms),
	    .sip = front_sip_stats(core->front_sip),
	    .xmpp = front_xmpp_stats(core->front_xmpp),
	    .discover = discover_stats(core->discover),
	    .back_muc = back_muc_stats(core->back_muc),
	    .back_sip = back_sip_stats(core->back_sip),
	    .msrp = *msrp_stats(core->msrp),
	    .msrp_load = msrp_load(core->msrp),
	    .front_sip = core->front_sip,
	    .links = links,
	};
	count_occupants(v, core->rooms);
	if (sip) {
		v->sip_child = sip_child_stats(sip);
		read_process(sip_child_pid(sip), &v->sip_process);
	}
	if (pulse) {
		v->started_ms = pulse->started_ms;
		v->lag_ms = pulse->lag_ms;
		v->lag_worst_ms = pulse->lag_worst_ms;
	}
	read_process(getpid(), &v->core);
	v->descriptors = count_descriptors();
	getrlimit(RLIMIT_NOFILE, &limit);
	v->max_descriptors = (size_t)limit.rlim_cur;
}
