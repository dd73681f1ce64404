#include "scanner/base/check.h"
#include "scanner/policy/media_type.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct span wanted = SPAN_INIT("text/plain");
    struct span value = {data, size};
    enum policy_media_type type = media_type_read(value);
    CHECK(media_type_word(type) != NULL);
    CHECK(size > 0 || type == MEDIA_TYPE_ABSENT);
    if (type == MEDIA_TYPE_TEXT_PLAIN) {
        size_t front = 0;
        while (data[front] == ' ' || data[front] == '\t') {
            front++;
        }
        CHECK(span_ieq(span_take(span_drop(value, front), wanted.len), wanted));
    }
    /* Parameters change nothing. */
    const uint8_t *semicolon = size > 0 ? memchr(data, ';', size) : NULL;
    if (semicolon != NULL && type != MEDIA_TYPE_MALFORMED) {
        CHECK(media_type_read(span_take(value, (size_t)(semicolon - data))) == type);
    }
    return 0;
}
