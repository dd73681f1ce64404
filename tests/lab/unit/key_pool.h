#pragma once

#include "tests/lab/cert_store.h"

/** A certificate store over one key pool for all tests: making keys takes seconds. */
struct cert_store *unit_cert_store(int64_t now);
