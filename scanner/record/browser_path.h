#pragma once

#include "scanner/trust/chain_judge.h"
#include "scanner/trust/fetched_issuers.h"

/**
 * The verdict of a client that fetches the issuers it misses, as browsers do and mail servers do not:
 * the list as served, then with what the URLs of the last certificate of the path answered, and so on.
 * Only what its own certificates lead to counts, not what was fetched for other lists.
 */
#define BROWSER_ROUNDS_MAX 4 /* CAs between the leaf and a root; our own bound */
#define ISSUER_CERT_URLS_MAX \
    4 /* of one certificate that are asked, as it has them; our own bound */

/**
 * @param octets reused; the verdict points into it and into the judge
 * @param want called for each URL that was not asked yet; NULL: nobody asks
 * @param out steps that were fetched have the source STEP_POOL
 */
void browser_judge(struct chain_judge *j, struct span list, const struct fetched_issuers *fetched,
                   struct buf *octets, void (*want)(void *arg, struct span url), void *arg,
                   struct chain_verdict *out);
