/* The few things that every part of the bench does with TCP on the loopback.
 * Each ends the bench with a message when it fails. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A port that nobody listened on a moment ago, and none that the kernel gives
 * to a connection (from 32768 on). */
uint16_t tcp_free_port(void);

/* A listening socket on 127.0.0.1, on a port of the kernel's choice. */
int tcp_listen(uint16_t *port);

/* A connection to 127.0.0.1:port, blocking, without Nagle's delay. */
int tcp_connect(uint16_t port);

/* Writes all n octets, waiting where the socket is full. */
void tcp_write(int fd, const void *p, size_t n);

/* As many descriptors as this process may have, at least n. */
void tcp_raise_limit(size_t n);
