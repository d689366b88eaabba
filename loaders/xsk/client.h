/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The client of `--mode client`: asks a UDP echo service over AF_XDP, with a fixed number of requests
 * outstanding, and checks each answer.  One per worker, each from a source port of its own.  An answer may
 * come back by another queue than its request went out by: who receives it credits who asked.
 */
#ifndef TRIPATH_LOADERS_XSK_CLIENT_H
#define TRIPATH_LOADERS_XSK_CLIENT_H

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "loaders/lib/udp_headers.h"

#define CLIENT_MIN_SIZE 16 /* bytes of UDP payload: number and time of a request */

struct client_options {
	struct sockaddr_storage from;
	struct sockaddr_storage to;
	uint8_t to_mac[ETH_ALEN];
	bool has_to_mac;
	uint32_t window; /* requests outstanding, of each worker */
	uint32_t size;   /* bytes of UDP payload */
};

struct worker;
struct xdp_desc;

struct client {
	struct worker *workers; /* all of them, by source port */
	uint32_t nworkers;
	struct udp_headers headers;
	uint16_t first_port;  /* source port of worker 0, host byte order */
	uint16_t dport;       /* network byte order */
	uint64_t share;       /* requests that this worker makes; 0: until it is stopped */
	uint64_t returned;    /* atomic: answers to this worker's requests */
	uint64_t progress_at; /* `returned` when the clock below was set */
	uint64_t progress_ns;
	uint32_t timeouts; /* since then */
	bool finished;     /* atomic */
};

/* Prepares worker @index of the @n @workers.  Says what is wrong. */
int client_init(struct worker *workers, uint32_t index, uint32_t n);
/* Asks as often as the window allows. Returns requests made. */
uint32_t client_ask(struct worker *w);
void client_batch(struct worker *w, struct xdp_desc *descs, uint32_t n);
/* Notices what stays unanswered.  True once all is answered, or nobody answers at all. */
bool client_done(struct worker *w);

#endif
