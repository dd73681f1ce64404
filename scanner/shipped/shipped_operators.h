#pragma once

#include "scanner/base/span.h"

/** datasets/operators/operators.txt as it was when the program was built. Lives as long as it. */
struct span shipped_operators_text(void);
