#pragma once

#include "scanner/analysis/sender_profile.h"
#include "scanner/base/buf.h"

/** Reads a file of sender profiles (JSON; the form is told in datasets/sender-profiles/README.md). */

#define SENDER_PROFILES_OCTETS_MAX (1U << 20) /* of a file; our own bound */

struct sender_profiles_file {
    struct sender_profiles profiles;
    struct tls_stack *stacks; /* of the profiles */
    char *octets;             /* as read, for the copy in the results */
    size_t len;
    void *memory;
};

/** @param path NULL: those that are shipped.
 * @param why  set to one line (what, where) on failure
 * @return NULL on failure; else to be freed */
struct sender_profiles_file *sender_profiles_load(const char *path, struct buf *why);
/** From octets: as sender_profiles_load() does. `origin` is named in faults. */
struct sender_profiles_file *sender_profiles_parse(struct span octets, const char *origin,
                                                   struct buf *why);
void sender_profiles_free(struct sender_profiles_file *f);
