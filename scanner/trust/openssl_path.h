#pragma once

#include "scanner/trust/known_cert.h"
#include "scanner/trust/path_tests.h"

/**
 * What OpenSSL's own builder makes of a list: X509_verify_cert() over exactly what was served, with one
 * trust store, at the judgement time, for purpose sslserver, without a host name: as its clients ask.
 *
 * It takes the first issuer that fits by name, from the store before the list, and never looks for
 * another path. Its answer therefore depends on the order of the list and on cross-signs, where
 * that of path_search.h does not.
 */
struct openssl_path;

/** @param at judgement time, Unix seconds */
struct openssl_path *openssl_path_new(int64_t at);
/** An anchor of the store, before anything is judged. */
void openssl_path_trust(struct openssl_path *o, struct known_cert *anchor);
void openssl_path_free(struct openssl_path *o); /* NULL is allowed */

/**
 * @param certs in the order sent, duplicates included, each readable; the leaf first
 * @param best  the best path with this store: where OpenSSL's is the same and `best` has no fault, its
 *              signatures and times are known to be good and are not verified a second time
 */
void openssl_path_judge(struct openssl_path *o, struct known_cert *const *certs, size_t count,
                        const struct found_path *best, struct openssl_verdict *out);
