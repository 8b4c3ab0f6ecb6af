/* What a process used, as the kernel counts it, and a histogram of times. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Monotonic, nanoseconds. */
uint64_t now_ns(void);

/* User and system time of all living threads of a process, in nanoseconds
 * (/proc/PID/task/TID/schedstat). 0 for a process that is gone. */
uint64_t proc_cpu_ns(pid_t pid);

/* Likewise user time alone, in steps of some milliseconds
 * (/proc/PID/stat). */
uint64_t proc_user_ns(pid_t pid);

/* The median of n values, at most 64, that stand `step` octets apart, the first
 * at p + offset. */
double median_of(const void *p, size_t n, size_t step, size_t offset);

/* Resident set in octets; what sockets hold in the kernel is not in it. */
uint64_t proc_rss(pid_t pid);

/* The child processes of a process, at most max of them; returns how many. */
size_t proc_children(pid_t pid, pid_t *out, size_t max);

/* Times in microseconds: exact to 1 below 64, to some 3 % above. */
#define HIST_STEPS 32
struct hist {
	uint64_t count[64 * HIST_STEPS];
	uint64_t total;
};

void hist_clear(struct hist *h);
void hist_add(struct hist *h, uint64_t us, uint64_t times);
/* The time that the given share (0.5, 0.99) of all stayed below; 0 if empty. */
uint64_t hist_at(const struct hist *h, double share);
