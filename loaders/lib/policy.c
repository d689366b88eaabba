// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"
#include "policy_source.h"

/* Read to the end instead of trusting a size, so that a pipe can be a policy file too. */
static int read_all(int fd, char *bytes, size_t max, size_t *size)
{
	*size = 0;
	while (*size < max) {
		ssize_t n = read(fd, bytes + *size, max - *size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		*size += (size_t)n;
	}
	return 0;
}

static int read_file(struct policy_source *src)
{
	int fd, err;

	fd = open(src->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		msg_error("%s: %s; name a policy file, such as docs/examples/observe.yaml",
			  src->path, strerror(-err));
		return err;
	}
	src->bytes = malloc(POLICY_FILE_MAX + 1);
	if (!src->bytes) {
		err = -ENOMEM;
		goto close_fd;
	}
	err = read_all(fd, src->bytes, POLICY_FILE_MAX + 1, &src->size);
	if (err == -EISDIR) {
		msg_error("%s: a directory; name a policy file in it", src->path);
	} else if (err) {
		msg_error("%s: cannot read: %s", src->path, strerror(-err));
	} else if (src->size > POLICY_FILE_MAX) {
		msg_error("%s: larger than %u MiB, the limit of a policy file", src->path,
			  POLICY_FILE_MAX >> 20);
		err = -EINVAL;
	}
close_fd:
	close(fd);
	return err;
}

static int hash_file(struct policy_source *src)
{
	if (sodium_init() < 0) {
		msg_error("libsodium cannot start: no source of random numbers on this machine");
		return -EIO;
	}
	crypto_generichash(src->hash, sizeof(src->hash), (const unsigned char *)src->bytes,
			   src->size, NULL, 0);
	return 0;
}

int policy_load(const char *file, struct policy_source **out)
{
	struct policy_source *src = calloc(1, sizeof(*src));
	int err;

	if (!src)
		return -ENOMEM;
	src->path = strdup(file);
	err = src->path ? read_file(src) : -ENOMEM;
	if (!err)
		err = hash_file(src);
	if (!err)
		err = policy_yaml_open(src);
	if (!err)
		err = policy_shape(src);
	if (!err)
		err = policy_schema_load(src);
	if (!err)
		err = policy_check(src);
	if (err) {
		if (err == -ENOMEM)
			msg_error("%s: not enough memory to load it", file);
		if (src->refusals > POLICY_REFUSALS_SHOWN)
			msg_error("%s: %u more faults, not shown", file,
				  src->refusals - POLICY_REFUSALS_SHOWN);
		policy_free(src);
		return err;
	}
	*out = src;
	return 0;
}

void policy_free(struct policy_source *src)
{
	if (!src)
		return;
	free(src->claims);
	free(src->rules);
	policy_schema_free(src->file);
	if (src->has_doc)
		yaml_document_delete(&src->doc);
	free(src->bytes);
	free(src->path);
	free(src);
}

const char *policy_name(const struct policy_source *src)
{
	return src->file->name;
}

const __u8 *policy_hash(const struct policy_source *src)
{
	return src->hash;
}

__u32 policy_flow_sets(const struct policy_source *src)
{
	const __u32 *flows = src->file->interface.flows;

	return flows ? *flows / TP_FLOW_WAYS : TP_FLOW_SETS_DEFAULT;
}

__u32 policy_cpu_queue(const struct policy_source *src)
{
	const __u32 *frames = src->file->interface.cpu_queue;

	return frames ? *frames : POLICY_CPU_QUEUE_DEFAULT;
}
