#pragma once

#include "scanner/observation/seen_issuer.h"
#include "scanner/pipeline/worker.h"

/**
 * Asks the caIssuers URLs of certificates whose issuer is missing (--aia fetch), as a browser would
 * and mail servers do not. At the end of a scan, on the caller's thread, in rounds: what came may
 * name the URL of its own issuer.
 *
 *   want, want, ... ─► A, AAAA of each host ─► scanner/fetch ─► seen_issuer, by URL
 *
 * The URLs come from certificates of strangers: they lead to any host that a stranger likes to name.
 * So each is asked once a scan, ISSUER_HOST_URLS_MAX of a host at most, under the limits per address
 * and network, never at a special-purpose address or what is on the block list.
 */
#define ISSUER_URLS_MAX      1024 /* of a scan, 64 KiB each; our own bound */
#define ISSUER_HOST_URLS_MAX 256  /* of one host: CAs have a URL for each issuer; our own bound */

struct issuer_fetch;

/** @param go_on asked all the time; false: give up what is open, as INTERRUPTED */
struct issuer_fetch *issuer_fetch_new(const struct scan *s, bool (*go_on)(void *arg), void *arg);
void issuer_fetch_free(struct issuer_fetch *f);
/** A URL, copied; again is once. Those of one round count as they are sorted, not as they come. */
void issuer_fetch_want(struct issuer_fetch *f, struct span url);
typedef void (*issuer_seen_fn)(void *arg, const struct seen_issuer *seen);
/** Asks all that is new and calls `seen` for each, by URL. @return false: nothing was new, or it was
 * told not to go on. */
bool issuer_fetch_run(struct issuer_fetch *f, issuer_seen_fn seen, void *arg);
/** All that was wanted so far, by URL. @return how many */
size_t issuer_fetch_each(const struct issuer_fetch *f, issuer_seen_fn seen, void *arg);
