#include "scanner/base/check.h"
#include "scanner/policy/media_type.h"

const char *media_type_word(enum policy_media_type t)
{
    static const char *const words[] = {
#define X(name, word) [MEDIA_TYPE_##name] = word,
        MEDIA_TYPES(X)
#undef X
    };
    CHECK((unsigned)t < sizeof(words) / sizeof(words[0]));
    return words[t];
}
