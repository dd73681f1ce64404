#pragma once

#include "scanner/base/span.h"

/** datasets/log-patterns/patterns.json as it was when the program was built. Lives as long as it. */
struct span shipped_log_patterns_json(void);
