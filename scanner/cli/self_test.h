#pragma once

#include "scanner/cli/options.h"
#include "scanner/vantage/vantage_verdict.h"

/**
 * The self-test of a scan, before anything is written: what this machine and the hosts that the user names
 * let it see. Blocks for some seconds where somebody does not answer.
 */

/** Fills `v`, which is not movable. @param concurrency_asked before descriptors lowered it */
void self_test_run(const struct options *o, uint32_t concurrency_asked, uint64_t descriptor_limit,
                   struct vantage_verdict *v);
