#pragma once

/**
 * One exchange of HTTPS, or of plain HTTP, over one connection to one address: an object around a libcurl easy handle,
 * used again and again. It tells how far it came and why it ended; when it may begin and what
 * follows is the caller's.
 *
 * After exchange_start() the caller drives the multi handle. The exchange is over after
 * exchange_ended() (libcurl says so) or exchange_give_up() (the caller does), and can be started
 * again. With its end the connection has ended: libcurl works on a copy of our descriptor, so what
 * it closes, when, and whether it tells, decides nothing. A connection takes two descriptors.
 */

#include <curl/curl.h>

#include "scanner/fetch/policy_fetcher.h"
#include "scanner/fetch/response_head.h"
#include "scanner/fetch/tls_evidence.h"

enum exchange_stage {
    EXCHANGE_IDLE,
    EXCHANGE_CONNECTING,
    EXCHANGE_TLS,
    EXCHANGE_HEAD,
    EXCHANGE_BODY,
    EXCHANGE_OVER, /* the results can be read */
};

struct exchange {
    const struct policy_fetcher_params *params; /* borrowed */
    CURLM *multi;                               /* borrowed */
    CURL *easy;
    struct curl_slist *connect_to;
    struct policy_address address;
    enum exchange_stage stage;
    enum exchange_stage reached; /* the last stage before OVER */
    int fd;                      /* ours, -1: none; libcurl has a copy of its own */
    uint64_t started_ns;
    uint64_t connected_ns; /* 0: not */
    uint64_t ended_ns;
    uint64_t end_by_ns; /* the total time is used up */
    enum policy_fetch outcome;
    int sys; /* negative errno; 0: none */
    struct tls_evidence tls;
    struct response_head head;
    uint32_t trailer_octets;
    struct buf body;
    char error[CURL_ERROR_SIZE];
};

void exchange_init(struct exchange *x, const struct policy_fetcher_params *params, CURLM *multi,
                   const EVP_MD *sha256, EVP_MD_CTX *digest);
/** Only without a connection, or after the multi handle is gone. */
void exchange_deinit(struct exchange *x);

/** @param total_ns what is left of the total time. */
void exchange_start(struct exchange *x, const char *url, const struct policy_address *to,
                    uint64_t total_ns);
/** When exchange_check() must be called at the latest. Only while it is under way. */
uint64_t exchange_due_ns(const struct exchange *x);
/** Ends the exchange when its time is up or it got too much. `now_ns`: what came until then was read.
 * @return whether it is over. */
bool exchange_check(struct exchange *x, uint64_t now_ns);
/** What libcurl said of it. */
void exchange_ended(struct exchange *x, CURLcode result);
/** Ends it from our side. */
void exchange_give_up(struct exchange *x, enum policy_fetch outcome);
