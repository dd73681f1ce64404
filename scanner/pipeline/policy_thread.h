#pragma once

/**
 * The policy thread: fetches the policies of MTA-STS over HTTPS for all workers, and owns their
 * bodies: each distinct one gets its row once.
 *
 *   POLICY_WANT ─► scanner/fetch ─► row of the body, when it is new ─► POLICY_DONE
 */

#include "scanner/pipeline/worker.h"

struct policy_thread;

/** The version of the libcurl that runs. Static text. */
const char *policy_thread_library_version(void);

struct policy_thread *policy_thread_new(struct scan *scan);
void policy_thread_start(struct policy_thread *t); /* after every worker was initialised */
/** After a STOP was posted. @return false: it sits in a library; it must not be freed. */
bool policy_thread_join(struct policy_thread *t, const struct join_patience *patience);
/** From any thread: connections begun so far. */
uint64_t policy_thread_dialled(const struct policy_thread *t);
void policy_thread_free(struct policy_thread *t); /* NULL is allowed */
