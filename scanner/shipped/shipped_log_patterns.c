#include "scanner/shipped/shipped_log_patterns.h"

#include "scanner/shipped/embedded.h"

struct span shipped_log_patterns_json(void)
{
    return (struct span){embedded_log_patterns, embedded_log_patterns_len};
}
