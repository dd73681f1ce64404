#pragma once

/**
 * The head of an HTTP/1.x response (RFC 9112 section 4 and 5), line by line as it comes, interim
 * responses in front of it included (RFC 9110 section 15.2). Pure.
 */

#include "scanner/base/buf.h"

enum head_step {
    HEAD_MORE,
    HEAD_DONE,      /* the final response's head is whole */
    HEAD_MALFORMED, /* no status line of HTTP/1.x where there must be one; framing that is none */
    HEAD_TOO_LARGE, /* over POLICY_HEAD_MAX, all heads together */
};

struct response_head {
    bool within;         /* a status line came, its empty line did not */
    uint16_t status;     /* of the newest status line; 0: none */
    uint32_t octets;     /* of all lines so far */
    struct buf location; /* at most POLICY_FIELD_MAX, as the next; of the newest head */
    struct buf content_type;
    struct buf content_length; /* as sent: a second one must be the same */
};

void response_head_init(struct response_head *h);
void response_head_reset(struct response_head *h);
void response_head_deinit(struct response_head *h);

/** Takes one line, its end included. Only after HEAD_MORE. */
enum head_step response_head_line(struct response_head *h, struct span line);
