#include "tests/bench/measure.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The number-th (from 0) word of a one-line file, as a number. */
static uint64_t read_word(const char *path, unsigned number)
{
	uint64_t words[3] = {0};
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	if (fscanf(f, "%" SCNu64 "%" SCNu64 "%" SCNu64, &words[0], &words[1],
		   &words[2]) < 2)
		memset(words, 0, sizeof(words));
	fclose(f);
	return words[number];
}

uint64_t proc_cpu_ns(pid_t pid)
{
	char path[300];
	uint64_t sum = 0;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	d = opendir(path);
	if (!d)
		return 0;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/schedstat",
			 (int)pid, e->d_name);
		sum += read_word(path, 0);
	}
	closedir(d);
	return sum;
}

uint64_t proc_user_ns(pid_t pid)
{
	char path[64], line[1024];
	const char *p = NULL;
	uint64_t ticks = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f && fgets(line, sizeof(line), f))
		p = strrchr(line, ')');
	/* after the name: eleven other words, then utime */
	if (p)
		sscanf(p + 1, "%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%" SCNu64,
		       &ticks);
	if (f)
		fclose(f);
	return ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double median_of(const void *p, size_t n, size_t step, size_t offset)
{
	double v[64];

	for (size_t i = 0; i < n; i++)
		memcpy(&v[i], (const char *)p + i * step + offset,
		       sizeof(v[i]));
	qsort(v, n, sizeof(v[0]), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

uint64_t proc_rss(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	return read_word(path, 1) * (uint64_t)sysconf(_SC_PAGESIZE);
}

size_t proc_children(pid_t pid, pid_t *out, size_t max)
{
	char path[64];
	size_t n = 0;
	int child;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid,
		 (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (n < max && fscanf(f, "%d", &child) == 1)
		out[n++] = child;
	fclose(f);
	return n;
}

void hist_clear(struct hist *h)
{
	memset(h, 0, sizeof(*h));
}

/* Values below two steps' worth have a bucket each; above, each power of two
 * is cut into HIST_STEPS. */
static size_t bucket_of(uint64_t us)
{
	unsigned shift;

	if (us < 2 * HIST_STEPS)
		return (size_t)us;
	shift = 63 - (unsigned)__builtin_clzll(us) - 5;
	return (shift + 1) * HIST_STEPS + (size_t)(us >> shift) - HIST_STEPS;
}

static uint64_t bucket_start(size_t i)
{
	size_t shift;

	if (i < 2 * HIST_STEPS)
		return i;
	shift = i / HIST_STEPS - 1;
	return (uint64_t)(i % HIST_STEPS + HIST_STEPS) << shift;
}

void hist_add(struct hist *h, uint64_t us, uint64_t times)
{
	h->count[bucket_of(us)] += times;
	h->total += times;
}

uint64_t hist_at(const struct hist *h, double share)
{
	uint64_t wanted = (uint64_t)((double)h->total * share);
	uint64_t seen = 0;
	size_t i;

	for (i = 0; i < sizeof(h->count) / sizeof(h->count[0]); i++) {
		seen += h->count[i];
		if (seen > wanted)
			return bucket_start(i);
	}
	return 0;
}
