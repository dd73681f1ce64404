#pragma once

#include "scanner/base/span.h"

/** datasets/shared-operators/shared-operators.csv as it was when the program was built. Lives as long as it. */
struct span shipped_shared_operators_csv(void);
