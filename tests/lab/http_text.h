#pragma once

#include "tests/lab/policy_host.h"

/** What a policy host says: octets of HTTP/1.1 (RFC 9112). */

struct http_answer {
    struct buf first;  /* sent at once */
    struct buf slowly; /* then one octet at a time */
    struct buf again;  /* then this, again and again; empty: nothing */
    bool close;        /* the connection, when all of it is sent */
    bool reset;
};

void http_answer_init(struct http_answer *a);
void http_answer_deinit(struct http_answer *a);
/** Is it a GET of the policy, with this Host? */
bool http_is_policy_request(struct span head, const char *host);
/** The answer of a policy host: the policy, or a page with another status than 200. */
void http_answer_policy(const struct policy_host *h, struct span policy, struct http_answer *out);
/** Another answer than the policy: 404 and the like. */
void http_answer_status(unsigned status, struct http_answer *out);
