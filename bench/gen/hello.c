// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/gen/hello.h"

#include <endian.h>
#include <string.h>

void hello_init(struct hello *h, unsigned int servers)
{
	memset(h, 0, sizeof(*h));
	h->count = h->missing = servers;
}

void hello_answer(struct hello *h, unsigned int peer, const void *body, uint32_t bytes)
{
	struct wire_hello hello;

	if (h->done[peer] || bytes < sizeof(hello))
		return;
	memcpy(&hello, body, sizeof(hello));
	h->frame[peer] = le32toh(hello.max_frame);
	memcpy(h->text[peer], (const char *)body + sizeof(hello), bytes - sizeof(hello));
	h->done[peer] = true;
	h->missing--;
}

bool hello_done(const struct hello *h, unsigned int peer)
{
	return h->done[peer];
}

unsigned int hello_missing(const struct hello *h)
{
	return h->missing;
}

unsigned int hello_first_missing(const struct hello *h)
{
	unsigned int i = 0;

	while (i < h->count && h->done[i])
		i++;
	return i;
}

uint32_t hello_frame(const struct hello *h, unsigned int peer)
{
	return h->frame[peer];
}

json_t *hello_json(const struct hello *h)
{
	json_t *list = json_array();

	for (unsigned int i = 0; list && i < h->count; i++) {
		json_t *said = json_loads(h->text[i], 0, NULL);

		json_array_append_new(list, said ? said : json_null());
	}
	return list;
}
