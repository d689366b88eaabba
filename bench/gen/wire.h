/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The protocol of tp-bench, the same over every transport (docs/protocol.md): a header of 48 bytes, little
 * endian, and a payload.  On a stream a message is one header and its whole payload; on a datagram transport
 * each datagram is one segment: the same header, and the payload from `offset` on.
 */
#ifndef TRIPATH_BENCH_WIRE_H
#define TRIPATH_BENCH_WIRE_H

#include <linux/types.h>

#define WIRE_MAGIC       0x62507401U /* bytes 01 't' 'P' 'b' */
#define WIRE_VERSION     1
#define WIRE_MAX_MESSAGE (4U << 20) /* header included */
#define WIRE_MAX_CONTROL 1200 /* payload of every type but request and reply: fits one datagram */

#define WIRE_ID_SLOT_BITS 20

enum wire_type {
	WIRE_HELLO = 1,    /* payload: struct wire_hello */
	WIRE_HELLO_OK = 2, /* payload: struct wire_hello, then JSON about the server */
	WIRE_REQUEST = 3,
	WIRE_REPLY = 4,
	WIRE_STATS = 5,    /* no payload */
	WIRE_STATS_OK = 6, /* payload: JSON */
	WIRE_ERROR = 7,    /* payload: words; the same in every version */
};

enum wire_flag {
	WIRE_CHECKED = 1 << 0, /* `checksum` is that of this frame's payload */
	WIRE_WRITE = 1 << 1,   /* the request carries the data, not the reply */
};

struct wire_header {
	__le32 magic;
	__u8 version;
	__u8 type;
	__le16 flags;
	__le64 id;           /* chosen by the client, echoed */
	__le32 length;       /* of the whole message, header once, payload in full */
	__le32 reply_length; /* wanted of the reply, in the same terms; 0: no reply */
	__le32 offset;       /* of this segment in the payload; 0 on streams */
	__le32 segment;      /* payload of a full segment; 0: the frame is the whole message */
	__le32 checksum;     /* CRC-32C */
	__le32 session;      /* drawn by the client for each run, echoed */
	__le64 send_ns;      /* the client's clock, echoed */
};
_Static_assert(sizeof(struct wire_header) == 48, "the header's size is part of the protocol");

struct wire_hello {
	__le32 max_frame; /* largest frame that the sender of this can receive; 0: any */
};

#endif
