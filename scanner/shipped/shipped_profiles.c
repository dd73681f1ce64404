#include "scanner/shipped/shipped_profiles.h"

#include "scanner/shipped/embedded.h"

struct span shipped_profiles_json(void)
{
    return (struct span){embedded_profiles, embedded_profiles_len};
}
