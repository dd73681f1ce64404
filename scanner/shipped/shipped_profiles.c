#include "scanner/shipped/shipped_profiles.h"

/* In the source that the build makes with embed_file.cmake. */
extern const unsigned char embedded_profiles[];
extern const size_t embedded_profiles_len;

struct span shipped_profiles_json(void)
{
    return (struct span){embedded_profiles, embedded_profiles_len};
}
