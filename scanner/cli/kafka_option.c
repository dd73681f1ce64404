#include "scanner/cli/kafka_option.h"

#include <string.h>

bool option_read_kafka_option(struct options *o, const struct option_row *row, const char *text,
                              struct buf *why)
{
    (void)row;
    const char *equals = strchr(text, '=');
    size_t len = strlen(text);
    if (equals == NULL || equals == text) {
        buf_putf(why, "%s: give KEY=VALUE, such as security.protocol=SSL", text);
        return false;
    }
    if (o->kafka_option_count == KAFKA_OPTIONS_MAX || len >= KAFKA_WORD_MAX) {
        buf_put_text(why, o->kafka_option_count == KAFKA_OPTIONS_MAX ? "is given too often"
                                                                     : "has too long a value");
        return false;
    }
    char *words = o->kafka_words[o->kafka_option_count];
    memcpy(words, text, len + 1);
    words[equals - text] = '\0';
    o->kafka_options[o->kafka_option_count++] =
        (struct kafka_option){.key = words, .value = words + (equals - text) + 1};
    return true;
}
