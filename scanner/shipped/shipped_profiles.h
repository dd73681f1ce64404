#pragma once

#include "scanner/base/span.h"

/** datasets/sender-profiles/profiles.json as it was when the program was built. Lives as long as it. */
struct span shipped_profiles_json(void);
