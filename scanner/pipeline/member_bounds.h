#pragma once

#include "scanner/pipeline/worker.h"

/**
 * What a sound message (flow/message_check.h) of another member may say in this scan. A name is dialled by its service's owner as the
 * message has it, so that writing to a topic must be no way to have any address and port dialled.
 */

/** @return NULL: it may be handed on; else why not, for people. Any thread, while workers run */
const char *member_bounds_fault(struct scan *scan, enum message_kind kind, struct span body);
