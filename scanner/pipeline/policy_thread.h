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
void policy_thread_join(struct policy_thread *t);  /* after a STOP was posted */
void policy_thread_free(struct policy_thread *t);  /* NULL is allowed */
