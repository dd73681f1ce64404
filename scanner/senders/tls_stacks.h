#pragma once

#include "scanner/senders/field_reader.h"

#define TLS_STACKS_MAX 64 /* in one file; our own bound */

/** The list "tls_stacks" of a file of sender profiles.
 * @param out of TLS_STACKS_MAX
 * @return false with one line in `why` */
bool tls_stacks_read(const char *origin, const json_t *list, struct tls_stack *out, size_t *count,
                     struct buf *why);
/** @param id NULL: none has it. @return NULL: there is none */
const struct tls_stack *tls_stacks_find(const struct tls_stack *stacks, size_t count,
                                        const char *id);
