#pragma once

/**
 * Registrable domains by the Public Suffix List (publicsuffix.org). Read-only after loading, so
 * any number of threads may ask.
 */

#include "scanner/base/span.h"

struct public_suffixes;

/** Loads the list in `path` (.dat or .dafsa). With NULL: the newer of the system's file and the
 * list built into libpsl. @return NULL when the file cannot be read or holds no list. */
struct public_suffixes *public_suffixes_load(const char *path);
void public_suffixes_free(struct public_suffixes *ps);

/** The file in use, to be copied beside the results; NULL: the built-in list. */
const char *public_suffixes_path(const struct public_suffixes *ps);
/** Time of the list in use, seconds since 1970: of the file, or of the source of the built-in one. */
int64_t public_suffixes_time(const struct public_suffixes *ps);

/** The registrable domain of a normal form: a tail of `name`. A TLD that is not listed counts as a
 * suffix (rule "*"). @return false, `out` unchanged, when `name` is itself a public suffix, or an address. */
bool registrable_domain(const struct public_suffixes *ps, struct span name, struct span *out);
